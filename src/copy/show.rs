//! A plan for people, for programs, and as a command line to paste.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::model::{CosignTag, RegistryReference, text};

use super::options::{CopyOptions, Format, Selection};
use super::plan::{Action, BlobAction, Plan};

impl CopyOptions {
    /// The options as they are written on the command line.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        match &self.selection {
            Selection::Usual => {}
            Selection::All => arguments.push("--all".to_owned()),
            Selection::Some(wanted) => {
                for one in wanted {
                    arguments.push(format!("--platform={one}"));
                }
            }
        }
        let flags = [
            (self.single, "--single"),
            (self.sparse, "--sparse"),
            (self.no_referrers, "--no-referrers"),
            (self.preserve_digests, "--preserve-digests"),
            (self.remove_signatures, "--remove-signatures"),
            (self.foreign_layers, "--foreign-layers"),
        ];
        let set = flags.into_iter().filter(|(set, _)| *set);
        arguments.extend(set.map(|(_, flag)| flag.to_owned()));
        if self.format != Format::Keep {
            arguments.push(format!("--format={}", self.format.name()));
        }
        for name in &self.also {
            // a name may begin as an option does
            arguments.push(format!("--also={name}"));
        }
        arguments
    }
}

impl Plan {
    /// The command line that does the same. `reaching` are options of it that say how the
    /// places are reached; a plan does not know them.
    pub fn command_line(&self, reaching: &[String]) -> String {
        let mut words = vec!["porthole".to_owned(), "copy".to_owned()];
        words.extend_from_slice(reaching);
        words.extend(self.options.arguments());
        words.extend([self.source.clone(), self.destination.clone()]);
        text::command_line(words.iter().map(String::as_str))
    }

    /// For people, some lines; `reaching` as for [`Plan::command_line`].
    pub fn text(&self, reaching: &[String]) -> String {
        let mut out = String::new();
        // writing to a text cannot fail
        let _ = self.write_text(&mut out, reaching);
        out
    }

    fn write_text(&self, out: &mut String, reaching: &[String]) -> std::fmt::Result {
        writeln!(out, "From   {}", text::visible(&self.source))?;
        writeln!(out, "       {}", self.from)?;
        writeln!(out, "To     {}", text::visible(&self.destination))?;
        if self.digest != self.from {
            let image = self.documents.last();
            let how = match image.is_some_and(|image| image.from.is_none()) {
                true => "one image of the index",
                false => "written anew",
            };
            writeln!(out, "       {} ({how})", self.digest)?;
        }
        match &self.replaces {
            Some(there) if *there != self.digest => {
                writeln!(out, "       it stands for {there} now, and moves")?;
            }
            Some(_) => writeln!(out, "       it stands for this already")?,
            None => {}
        }
        for also in &self.names {
            let name = text::visible(&also.name);
            match &also.replaces {
                Some(there) if *there != self.digest => {
                    writeln!(
                        out,
                        "Also   {name}, which stands for {there} now, and moves"
                    )?;
                }
                Some(_) => writeln!(out, "Also   {name}, which stands for this already")?,
                None => writeln!(out, "Also   {name}")?,
            }
        }
        writeln!(out)?;
        for document in &self.documents {
            let action = match document.action {
                // no manifest is kept there
                _ if self.unpacks => "unpack",
                Action::Skip => "skip",
                Action::Write => "write",
                Action::Convert => "convert",
            };
            writeln!(
                out,
                "{action:<8} {}  {:>9}  {}",
                document.digest.short(),
                text::size(document.size),
                text::visible(&document.role.describe())
            )?;
            if let Some(there) = &document.replaces {
                let fate = if document.role.is_joined() {
                    "and is joined with it"
                } else {
                    "and moves"
                };
                writeln!(out, "         the tag stands for {there} now, {fate}")?;
            }
        }
        for blob in &self.blobs {
            let action = match blob.action {
                BlobAction::Skip => "skip",
                BlobAction::Mount => "mount",
                BlobAction::Copy => "copy",
                BlobAction::Leave => "leave",
            };
            writeln!(
                out,
                "{action:<8} {}  {:>9}  {}",
                blob.descriptor.digest.short(),
                text::size(blob.descriptor.size),
                text::visible(blob.descriptor.media_type.words())
            )?;
        }
        for set in &self.signatures {
            let of = set.manifest.short();
            let action = if set.there { "skip" } else { "write" };
            if !set.signatures.is_empty() {
                let count = signatures(set.signatures.len());
                let to = set.place.iter().map(|place| format!(", in {place}"));
                let to: String = to.collect();
                writeln!(out, "{action:<8} {count} beside {of}{}", text::visible(&to))?;
            }
            if !set.layers.is_empty() {
                let count = signatures(set.layers.len());
                let tag = CosignTag::Signatures.of(&set.manifest);
                writeln!(out, "{action:<8} {count} of {of}, tag {tag}")?;
            }
        }
        for left in self.left_behind.iter().chain(&self.left_out) {
            writeln!(
                out,
                "leave    {}: {}",
                text::visible(&left.what),
                text::visible(&left.why)
            )?;
        }
        if let Some(from) = self.mounts() {
            writeln!(out, "mounted from {}", text::visible(&from.name()))?;
        }
        let totals = self.totals();
        let written = match totals.written {
            Some(written) => format!("{} written", text::size(written)),
            None => "unpacked there (its size is known after)".to_owned(),
        };
        writeln!(out)?;
        writeln!(
            out,
            "{} read, {written}, {} mounted, {} there already",
            text::size(totals.read),
            text::size(totals.mounted),
            text::size(totals.skipped)
        )?;
        writeln!(out, "{}", self.command_line(reaching))
    }

    /// For programs; `reaching` as for [`Plan::command_line`].
    pub fn json(&self, reaching: &[String]) -> Value {
        let documents = self.documents.iter().map(|document| {
            let mut object = Map::new();
            object.insert("digest".into(), json!(document.digest));
            object.insert("mediaType".into(), json!(document.media_type));
            object.insert("size".into(), json!(document.size));
            object.insert("role".into(), json!(document.role.name()));
            object.insert("what".into(), json!(document.role.describe()));
            let action = match self.unpacks {
                true => json!("unpack"),
                false => json!(document.action),
            };
            object.insert("action".into(), action);
            if let Some(from) = &document.from {
                object.insert("from".into(), json!(from));
            }
            if let Some(there) = &document.replaces {
                object.insert("replaces".into(), json!(there));
            }
            Value::Object(object)
        });
        let blobs = self.blobs.iter().map(|blob| {
            json!({
                "digest": blob.descriptor.digest,
                "mediaType": blob.descriptor.media_type,
                "size": blob.descriptor.size,
                "action": blob.action,
            })
        });
        let signatures = self.signatures.iter();
        let signatures = signatures.map(|set| {
            json!({
                "manifest": set.manifest,
                "count": set.count(),
                "files": set.signatures.len(),
                "underTag": set.layers.len(),
                "place": set.place,
                "present": set.there,
            })
        });
        json!({
            "source": self.source,
            "destination": self.destination,
            "from": self.from,
            "digest": self.digest,
            "single": self.options.single,
            "replaces": self.replaces,
            "names": self.names,
            "documents": documents.collect::<Vec<_>>(),
            "blobs": blobs.collect::<Vec<_>>(),
            "signatures": signatures.collect::<Vec<_>>(),
            "leftBehind": self.left_behind,
            "leftOut": self.left_out,
            "mountedFrom": self.mounts().map(RegistryReference::name),
            "unpacked": self.unpacks,
            "totals": self.totals(),
            "command": self.command_line(reaching),
        })
    }
}

fn signatures(count: usize) -> String {
    match count {
        1 => "1 signature".to_owned(),
        count => format!("{count} signatures"),
    }
}

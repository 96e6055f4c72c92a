//! `porthole files`: what files an image or one of its layers has.

use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::engine::{EngineConfig, FilesSnapshot};
use crate::layer::waste::Waste;
use crate::layer::{Entry, EntryKind, Marks, Scope};
use crate::model::{Digest, text};

use super::CliError;
use super::manifest_files::{Manifest, WhichImage};

/// List the files of an image, or of one of its layers.
#[derive(Debug, Args)]
pub(super) struct Files {
    #[command(flatten)]
    which: WhichImage,

    /// Only what this layer has; layers count from 0.
    #[arg(long, value_name = "N", conflicts_with = "at")]
    layer: Option<usize>,

    /// The image as it stands at this layer.
    #[arg(long, value_name = "N")]
    at: Option<usize>,

    /// Show what is wasted instead: dive's score, and what is true.
    #[arg(long, conflicts_with_all = ["layer", "at"])]
    wasted: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Files {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let image = Manifest::open(config, &self.which)?;
        let scope = image.scope(self.layer, self.at)?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.wasted {
            let (files, waste) = image.waste()?;
            print_waste(&mut out, &waste, self.json)?;
            out.flush()?;
            return image.judge(&files, scope);
        }
        let files = image.files(scope)?;
        match scope {
            Scope::Layer(layer) => self.print_layer(&mut out, &files, layer)?,
            _ => self.print_tree(&mut out, &files)?,
        }
        out.flush()?;
        // a listing that lacks something is printed, and is a failure
        image.judge(&files, scope)
    }

    fn print_layer(
        &self,
        out: &mut impl Write,
        files: &FilesSnapshot,
        layer: usize,
    ) -> io::Result<()> {
        let mut list = List::begin(out, self.json, files)?;
        for entry in files.layers[layer].index.entries() {
            let mut path = vec![b'/'];
            path.extend_from_slice(&entry.path());
            list.entry(&path, &entry, layer, entry.size(), entry.digest())?;
        }
        list.end()
    }

    fn print_tree(&self, out: &mut impl Write, files: &FilesSnapshot) -> io::Result<()> {
        let mut list = List::begin(out, self.json, files)?;
        let Some(shown) = files.list.value() else {
            return list.end();
        };
        for position in 0..shown.len() as u32 {
            let Some(node) = shown.node(position) else {
                continue;
            };
            list.is_duplicate = node.is_duplicate();
            match (node.entry(), node.layer()) {
                (Some(entry), Some(layer)) => {
                    // a file counts once, whatever names it has
                    let size = match entry.kind() {
                        EntryKind::Directory => 0,
                        _ => node.total(),
                    };
                    let content = node.content();
                    let digest = content.and_then(|(_, _, content)| content.digest());
                    list.entry(&node.path(), &entry, layer, size, digest)?;
                }
                _ => list.implied(&node.path())?,
            }
        }
        list.end()
    }
}

/// The lines or the JSON array of a listing.
struct List<'a, W> {
    out: &'a mut W,
    files: &'a FilesSnapshot,
    json: bool,
    first: bool,
    /// Whether one layer has more than one entry for what comes next.
    is_duplicate: bool,
}

impl<'a, W: Write> List<'a, W> {
    fn begin(out: &'a mut W, json: bool, files: &'a FilesSnapshot) -> io::Result<Self> {
        if json {
            out.write_all(b"[")?;
        }
        Ok(Self {
            out,
            files,
            json,
            first: true,
            is_duplicate: false,
        })
    }

    fn object(&mut self, object: &Map<String, Value>) -> io::Result<()> {
        self.out
            .write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        serde_json::to_writer(&mut *self.out, object).map_err(io::Error::from)
    }

    fn entry(
        &mut self,
        path: &[u8],
        entry: &Entry<'_>,
        layer: usize,
        size: u64,
        digest: Option<Digest>,
    ) -> io::Result<()> {
        if self.json {
            let mut object = Map::new();
            insert_path(&mut object, "path", path);
            object.insert("type".into(), json!(entry.kind().name()));
            object.insert("size".into(), json!(size));
            object.insert("mode".into(), json!(format!("{:04o}", entry.mode())));
            object.insert("uid".into(), json!(entry.uid()));
            object.insert("gid".into(), json!(entry.gid()));
            object.insert("mtime".into(), json!(time(entry.mtime())));
            if let Some(link) = entry.link() {
                insert_path(&mut object, "linkTarget", link);
            }
            object.insert("layer".into(), json!(layer));
            if let Some(digest) = digest {
                object.insert("digest".into(), json!(digest));
            }
            let index = self.files.layers.get(layer).map(|layer| &layer.index);
            if let Some(table) = index.and_then(|index| index.origin.table()) {
                object.insert("tableOfContents".into(), json!(table));
            }
            insert_odd(&mut object, entry);
            if self.is_duplicate {
                object.insert("duplicate".into(), json!(true));
            }
            return self.object(&object);
        }
        let kind = entry.kind();
        let device = entry.extra().and_then(|extra| extra.device);
        let size = match (kind, device) {
            (EntryKind::File, _) => text::size(size),
            (EntryKind::Hardlink, _) if size > 0 => text::size(size),
            (_, Some((major, minor))) => format!("{major}, {minor}"),
            _ => String::new(),
        };
        write!(
            self.out,
            "{}{} {:>5} {:>5} {size:>8} {layer:>3}  {}",
            letter(kind),
            permissions(entry.mode()),
            entry.uid(),
            entry.gid(),
            shown(path)
        )?;
        match (kind, entry.link()) {
            (EntryKind::Symlink, Some(link)) => write!(self.out, " -> {}", shown(link))?,
            (EntryKind::Hardlink, Some(link)) => write!(self.out, " link to {}", shown(link))?,
            (EntryKind::Whiteout, _) => self.out.write_all(b" (removed)")?,
            (EntryKind::Opaque, _) => self.out.write_all(b" (lower content hidden)")?,
            _ => {}
        }
        self.out.write_all(b"\n")
    }

    /// A directory that no layer lists.
    fn implied(&mut self, path: &[u8]) -> io::Result<()> {
        if self.json {
            let mut object = Map::new();
            insert_path(&mut object, "path", path);
            object.insert("type".into(), json!(EntryKind::Directory.name()));
            object.insert("size".into(), json!(0));
            return self.object(&object);
        }
        writeln!(
            self.out,
            "d????????? {:>5} {:>5} {:>8} {:>3}  {}",
            "",
            "",
            "",
            "",
            shown(path)
        )
    }

    fn end(self) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        self.out
            .write_all(if self.first { b"]\n" } else { b"\n]\n" })
    }
}

/// Numbers of a device, and extended attributes (their values in base 64), where there are any.
pub(super) fn insert_special<'a>(
    object: &mut Map<String, Value>,
    device: Option<(u32, u32)>,
    attributes: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) {
    if let Some((major, minor)) = device {
        object.insert("device".into(), json!([major, minor]));
    }
    let attributes: Map<String, Value> = attributes
        .map(|(name, value)| {
            let value = base64::engine::general_purpose::STANDARD.encode(value);
            (String::from_utf8_lossy(name).into_owned(), json!(value))
        })
        .collect();
    if !attributes.is_empty() {
        object.insert("xattrs".into(), json!(attributes));
    }
}

/// What only some entries have, and what is odd about it.
fn insert_odd(object: &mut Map<String, Value>, entry: &Entry<'_>) {
    let extra = entry.extra();
    let attributes = extra.into_iter().flat_map(|extra| extra.xattrs.iter());
    insert_special(
        object,
        extra.and_then(|extra| extra.device),
        attributes.map(|(name, value)| (&name[..], &value[..])),
    );
    let marks = [
        (Marks::ABSOLUTE, "absolute"),
        (Marks::DOTS, "dots"),
        (Marks::SPARSE, "sparse"),
        (Marks::CUT_OFF, "cutOff"),
        (Marks::INVALID_WHITEOUT, "invalidWhiteout"),
        (Marks::CLAMPED, "clamped"),
    ];
    let marks = marks.iter().filter(|(mark, _)| entry.marks().has(*mark));
    let marks: Vec<&str> = marks.map(|(_, word)| *word).collect();
    if !marks.is_empty() {
        object.insert("marks".into(), json!(marks));
    }
}

/// A path as JSON has it, and its bytes where it is no text.
pub(super) fn insert_path(object: &mut Map<String, Value>, key: &str, path: &[u8]) {
    object.insert(key.into(), json!(String::from_utf8_lossy(path)));
    if std::str::from_utf8(path).is_err() {
        let bytes = base64::engine::general_purpose::STANDARD.encode(path);
        object.insert(format!("{key}Bytes"), json!(bytes));
    }
}

/// RFC 3339, with as many digits as are needed.
fn time((seconds, nanoseconds): (i64, u32)) -> String {
    let time = jiff::Timestamp::new(seconds, nanoseconds.cast_signed());
    // beyond the year 9999 there is no such form
    time.map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn shown(path: &[u8]) -> String {
    text::visible(&String::from_utf8_lossy(path)).into_owned()
}

const fn letter(kind: EntryKind) -> char {
    match kind {
        EntryKind::File => '-',
        EntryKind::Directory => 'd',
        EntryKind::Symlink => 'l',
        EntryKind::Hardlink => 'h',
        EntryKind::CharDevice => 'c',
        EntryKind::BlockDevice => 'b',
        EntryKind::Fifo => 'p',
        EntryKind::Whiteout => 'w',
        EntryKind::Opaque => 'o',
    }
}

/// `rwxr-xr-x`, with `s` and `t` as `ls` has them.
fn permissions(mode: u32) -> String {
    let mut shown = String::with_capacity(9);
    for (shift, special, set, unset) in [
        (6, 0o4000, 's', 'S'),
        (3, 0o2000, 's', 'S'),
        (0, 0o1000, 't', 'T'),
    ] {
        let bits = mode >> shift;
        shown.push(if bits & 4 != 0 { 'r' } else { '-' });
        shown.push(if bits & 2 != 0 { 'w' } else { '-' });
        shown.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => set,
            (true, false) => unset,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    shown
}

fn print_waste(out: &mut impl Write, waste: &Arc<Waste>, as_json: bool) -> io::Result<()> {
    if as_json {
        let offenders = waste.offenders.iter().map(|offender| {
            let mut object = Map::new();
            insert_path(&mut object, "path", &offender.path);
            object.insert("bytes".into(), json!(offender.bytes));
            object.insert("why".into(), json!(why(offender.why)));
            object.insert("layer".into(), json!(offender.layer));
            object.insert("cause".into(), json!(offender.cause));
            Value::Object(object)
        });
        let dive = waste.dive.files.iter().map(|file| {
            let mut object = Map::new();
            insert_path(&mut object, "path", &file.path);
            object.insert("bytes".into(), json!(file.bytes));
            object.insert("count".into(), json!(file.count));
            Value::Object(object)
        });
        let object = json!({
            "efficiency": waste.efficiency(),
            "wastedBytes": waste.bytes(),
            "totalBytes": waste.total,
            "replacedBytes": waste.replaced,
            "removedBytes": waste.removed,
            "duplicatedBytes": waste.duplicated,
            "byLayer": waste.by_layer,
            "offenders": offenders.collect::<Vec<_>>(),
            "offendersLeftOut": waste.offenders_left_out,
            "dive": {
                "efficiency": waste.dive.efficiency,
                "wastedBytes": waste.dive.wasted_bytes,
                "wastedUserPercent": waste.dive.wasted_user_percent,
                "files": dive.collect::<Vec<_>>(),
                "filesLeftOut": waste.dive.files_left_out,
            },
        });
        serde_json::to_writer_pretty(&mut *out, &object).map_err(io::Error::from)?;
        return out.write_all(b"\n");
    }
    writeln!(
        out,
        "efficiency {:.2} %: {} of {} wasted ({} replaced, {} removed, {} duplicates)",
        waste.efficiency() * 100.0,
        text::size(waste.bytes()),
        text::size(waste.total),
        text::size(waste.replaced),
        text::size(waste.removed),
        text::size(waste.duplicated)
    )?;
    writeln!(
        out,
        "dive's score {:.2} %, wasted {} ({:.2} % of all layers but the first)",
        waste.dive.efficiency * 100.0,
        text::size(waste.dive.wasted_bytes),
        waste.dive.wasted_user_percent * 100.0
    )?;
    for offender in &waste.offenders {
        writeln!(
            out,
            "{:>8}  {:<9}  layer {:>3}, by layer {:>3}  {}",
            text::size(offender.bytes),
            why(offender.why),
            offender.layer,
            offender.cause,
            shown(&offender.path)
        )?;
    }
    if waste.offenders_left_out > 0 {
        writeln!(out, "{} more are not listed", waste.offenders_left_out)?;
    }
    Ok(())
}

const fn why(why: crate::layer::waste::Why) -> &'static str {
    use crate::layer::waste::Why;
    match why {
        Why::Replaced => "replaced",
        Why::Removed => "removed",
        Why::Duplicate => "duplicate",
    }
}

//! `porthole referrers`: what refers to an image.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::engine::{EngineConfig, Extent, Failure, Image, NodePath};
use crate::model::{Digest, Platform, text};
use crate::referrers::{Below, Referrer, ReferrerState, ReferrerTree, Subject};
use crate::transport::{Answer, Asked, Found, ListingOutcome};

use super::inspect::{picked, reference_of};
use super::wait::Waiting;
use super::{CliError, wait};

/// List what refers to an image: signatures, SBOMs, attestations, and what refers to those.
#[derive(Debug, Args)]
pub(super) struct Referrers {
    /// The image: docker://HOST/NAME:TAG, oci:FOLDER:NAME, a folder, or a short name.
    reference: String,

    /// Ask for the image for this platform in an index, not for the index.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// Print one JSON object.
    #[arg(long, conflicts_with = "tree")]
    json: bool,

    /// Print as a tree: what refers to what.
    #[arg(long)]
    tree: bool,
}

impl Referrers {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        // the digest of the root is enough to ask for what refers to it
        let extent = match self.platform {
            Some(_) => Extent::Shown,
            None => Extent::Root,
        };
        let waiting = Waiting::open(config, &self.reference, self.platform.clone(), extent)?;
        let snapshot = match self.platform {
            Some(_) => waiting.everything(&self.reference)?,
            None => waiting.opened(&self.reference)?,
        };
        let image = snapshot.image().ok_or_else(wait::nothing_found)?;
        let path = match &self.platform {
            Some(platform) => picked(image, platform)?,
            None => NodePath::root(),
        };
        let tree = waiting.referrers(&path)?;
        let outcome = tree.outcome().unwrap_or(ListingOutcome::NotRead);
        let reference = reference_of(&snapshot, &path, image);
        let mut out = io::stdout().lock();
        if self.json {
            let object = json_of(&reference, &tree, outcome);
            serde_json::to_writer_pretty(&mut out, &object).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else if self.tree {
            print_tree(&mut out, &reference, &tree)?;
        } else {
            print_list(&mut out, &tree)?;
        }
        if !self.json {
            print_rest(&mut out, &tree, outcome)?;
            print_described(&mut out, image, &path)?;
        }
        out.flush()?;
        failure(&reference, &tree, outcome).map_or(Ok(()), |failure| Err(failure.into()))
    }
}

/// What did not go well, where the list may not be all there is.
fn failure(reference: &str, tree: &ReferrerTree, outcome: ListingOutcome) -> Option<Failure> {
    match outcome {
        ListingOutcome::Listed => None,
        ListingOutcome::CannotList => {
            let refused = |asked: &Asked| matches!(asked.answer, Answer::NotSupported);
            let who = if tree.asked.iter().any(refused) {
                "this registry was asked and"
            } else {
                "a place of this kind"
            };
            Some(Failure::refused(
                format!("{reference}: {who} cannot list referrers"),
                "Look for them where the image came from",
            ))
        }
        ListingOutcome::NotRead => {
            let mut problems = tree.problems();
            let Some(first) = problems.next() else {
                return Some(Failure::refused(
                    format!("{reference}: the referrers could not be read"),
                    "Try again",
                ));
            };
            let more = match problems.count() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            Some(Failure {
                headline: format!("not all referrers could be read: {first}{more}"),
                ..Failure::from(first.clone())
            })
        }
    }
}

fn json_of(reference: &str, tree: &ReferrerTree, outcome: ListingOutcome) -> Value {
    let referrers: Vec<_> = tree.top().map(|node| node_json(tree, node)).collect();
    json!({
        "reference": reference,
        "digest": tree.subject,
        "outcome": outcome.name(),
        "asked": asked_json(&tree.asked),
        "leftOut": tree.left_out,
        "referrers": referrers,
    })
}

fn asked_json(asked: &[Asked]) -> Value {
    let asked = asked.iter().map(|Asked { way, answer }| {
        let mut object = Map::new();
        object.insert("way".into(), json!(way.name()));
        match answer {
            Answer::Named(count) => {
                object.insert("found".into(), json!(count));
            }
            Answer::NotSupported => {
                object.insert("supported".into(), json!(false));
            }
            Answer::NotRead(error) => {
                object.insert("error".into(), json!(error.to_string()));
            }
        }
        Value::Object(object)
    });
    asked.collect()
}

fn node_json(tree: &ReferrerTree, node: &Referrer) -> Value {
    let mut object = Map::new();
    object.insert("digest".into(), json!(node.descriptor.digest));
    object.insert("mediaType".into(), json!(node.descriptor.media_type));
    object.insert("artifactType".into(), json!(node.artifact_type));
    object.insert("kind".into(), json!(node.kind.to_string()));
    object.insert("size".into(), json!(node.descriptor.size));
    object.insert("totalSize".into(), json!(node.total_size));
    object.insert("created".into(), json!(node.created));
    object.insert("annotations".into(), json!(node.annotations));
    if node.annotations_cut {
        object.insert("annotationsCut".into(), json!(true));
    }
    let found: Vec<_> = node.found.iter().map(Found::to_string).collect();
    object.insert("foundIn".into(), json!(found));
    match &node.subject {
        Subject::Unknown | Subject::This | Subject::ByName => {}
        Subject::Nothing => {
            object.insert("subject".into(), Value::Null);
        }
        Subject::Other(other) => {
            object.insert("subject".into(), json!(other));
        }
    }
    if let ReferrerState::NotRead(error) = &node.state {
        object.insert("error".into(), json!(error.to_string()));
    }
    match &node.below {
        Below::Asked(asked) => {
            let problems = asked
                .iter()
                .filter(|a| matches!(a.answer, Answer::NotRead(_)));
            let problems: Vec<_> = problems.cloned().collect();
            if !problems.is_empty() {
                object.insert("asked".into(), asked_json(&problems));
            }
        }
        below => {
            if let Some(why) = not_followed(below) {
                object.insert("notFollowed".into(), json!(why));
            }
        }
    }
    let children: Vec<_> = tree
        .children(node)
        .map(|child| node_json(tree, child))
        .collect();
    object.insert("referrers".into(), children.into());
    Value::Object(object)
}

/// Why what refers to it was not asked for, where that is not plain to see.
const fn not_followed(below: &Below) -> Option<&'static str> {
    match below {
        Below::Loop => Some("it is one of those that it refers to"),
        Below::Shown => Some("what refers to it is listed elsewhere"),
        Below::TooDeep => Some("it lies too deep"),
        Below::NoRoom => Some("there are too many"),
        Below::NotAsked | Below::Asked(_) | Below::NotFollowed => None,
    }
}

/// One line a referrer: what it is, its digest, its size, its date, and what it is on
/// where that is not the image itself.
fn print_list(out: &mut impl Write, tree: &ReferrerTree) -> io::Result<()> {
    let mut above: Vec<&Digest> = Vec::new();
    for (depth, node) in tree.walk() {
        above.truncate(depth);
        let on = above.last().map(|digest| format!("on {}", digest.short()));
        line(out, &kind(node), 28, node, on)?;
        above.push(&node.descriptor.digest);
    }
    Ok(())
}

fn print_tree(out: &mut impl Write, reference: &str, tree: &ReferrerTree) -> io::Result<()> {
    writeln!(out, "{}", text::visible(reference))?;
    let nodes: Vec<_> = tree.walk().collect();
    // for each depth, whether another one of that depth is still to come
    let mut open: Vec<bool> = Vec::new();
    for (position, (depth, node)) in nodes.iter().enumerate() {
        let later = nodes[position + 1..].iter().map(|(depth, _)| *depth);
        let last = later
            .take_while(|later| later >= depth)
            .all(|later| later != *depth);
        open.truncate(*depth);
        let mut start: String = open
            .iter()
            .map(|open| if *open { "│  " } else { "   " })
            .collect();
        start.push_str(if last { "└─ " } else { "├─ " });
        open.push(!last);
        let width = 34usize.saturating_sub(3 * (depth + 1));
        write!(out, "{start}")?;
        line(out, &kind(node), width, node, None)?;
    }
    Ok(())
}

fn kind(node: &Referrer) -> String {
    let kind = node.kind.to_string();
    text::middle(&text::visible(&kind), 100).into_owned()
}

fn line(
    out: &mut impl Write,
    kind: &str,
    width: usize,
    node: &Referrer,
    on: Option<String>,
) -> io::Result<()> {
    let size = node.total_size.map_or_else(|| "?".to_owned(), text::size);
    let created = node.created.as_deref().unwrap_or("-");
    let mut notes: Vec<String> = on.into_iter().collect();
    match &node.subject {
        Subject::Other(other) => notes.push(format!("refers to another image, {other}")),
        Subject::Nothing => notes.push("does not say what it refers to".to_owned()),
        Subject::Unknown | Subject::This | Subject::ByName => {}
    }
    if let ReferrerState::NotRead(error) = &node.state {
        notes.push(format!("could not be read: {}", error.problem));
    }
    notes.extend(not_followed(&node.below).map(ToOwned::to_owned));
    let notes = notes.join("; ");
    let line = format!(
        "{kind:<width$}  {}  {size:>8}  {}  {}",
        node.descriptor.digest,
        text::visible(created),
        text::visible(&notes)
    );
    writeln!(out, "{}", line.trim_end())
}

/// What an index says of its images is listed for those, not for the index.
fn print_described(out: &mut impl Write, image: &Image, path: &NodePath) -> io::Result<()> {
    let index = image.node(path).and_then(|node| node.document.index());
    let entries = index.into_iter().flat_map(|index| index.descriptors());
    match entries
        .filter(|(_, entry)| entry.is_buildkit_attestation())
        .count()
    {
        0 => Ok(()),
        1 => writeln!(
            out,
            "1 attestation in the index is of one of its images: see --platform"
        ),
        count => writeln!(
            out,
            "{count} attestations in the index are of its images: see --platform"
        ),
    }
}

/// What the lines above do not say: that there are none, or more.
fn print_rest(
    out: &mut impl Write,
    tree: &ReferrerTree,
    outcome: ListingOutcome,
) -> io::Result<()> {
    if tree.left_out > 0 {
        writeln!(out, "and {} more that are not shown", tree.left_out)?;
    }
    if tree.is_empty() && outcome == ListingOutcome::Listed {
        let answered = tree
            .asked
            .iter()
            .filter(|a| matches!(a.answer, Answer::Named(_)));
        let ways: Vec<_> = answered.map(|asked| asked.way.describe()).collect();
        writeln!(out, "none; asked: {}", ways.join(", "))?;
    }
    Ok(())
}

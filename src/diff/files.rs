//! The files of two images. Times are left out: a build that is done again changes them all.

use crate::layer::{Change, EntryKind, FileNode, FileTree};
use crate::model::Digest;

/// A path that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Absolute.
    pub path: Vec<u8>,
    /// Nothing where it is not there.
    pub before: Option<FileState>,
    pub after: Option<FileState>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    pub kind: EntryKind,
    /// In bytes; of a directory 0.
    pub size: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub digest: Option<Digest>,
    pub link: Option<Vec<u8>>,
    /// Extended attributes, by name: layers list them in any order.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// Major and minor number of a device.
    pub device: Option<(u32, u32)>,
}

impl FileState {
    /// What is said about a file besides its content, in words: what it is called, and what it
    /// is. What it has not is empty.
    pub fn metadata(&self) -> [(&'static str, String); 4] {
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(name, value)| {
            let (name, value) = (
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value),
            );
            format!("{name}={value}")
        });
        let device = self.device.map(|(major, minor)| format!("{major}:{minor}"));
        [
            ("Mode", format!("{:04o}", self.mode)),
            ("Owner", format!("{}:{}", self.uid, self.gid)),
            ("Attributes", attributes.collect::<Vec<_>>().join(", ")),
            ("Device", device.unwrap_or_default()),
        ]
    }
}

/// How many paths changed how, and by how many bytes the files grew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
    pub grown: i128,
}

impl Counts {
    /// Counts `changes`.
    pub fn of(changes: &[FileChange]) -> Self {
        let mut counts = Self::default();
        for change in changes {
            match (&change.before, &change.after) {
                (None, _) => counts.added += 1,
                (_, None) => counts.removed += 1,
                _ => counts.changed += 1,
            }
            let size = |state: &Option<FileState>| state.as_ref().map_or(0, |s| i128::from(s.size));
            counts.grown += size(&change.after) - size(&change.before);
        }
        counts
    }
}

impl FileChange {
    /// Whether the content differs, and not only what is said about it.
    pub fn is_content(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                before.kind != after.kind
                    || before.digest != after.digest
                    || before.size != after.size
                    || before.link != after.link
            }
            _ => true,
        }
    }
}

/// Every path that differs, by name.
pub fn files(before: &FileTree, after: &FileTree) -> Vec<FileChange> {
    let mut found = Vec::new();
    let mut waiting = vec![(before.node(0), after.node(0))];
    while let Some((one, other)) = waiting.pop() {
        let (before, after) = (one.as_ref().map(state), other.as_ref().map(state));
        let node = one.or(other);
        if before != after
            && let Some(node) = &node
        {
            found.push(FileChange {
                path: node.path(),
                before,
                after,
            });
        }
        pair(one, other, &mut waiting);
    }
    found
}

type Pair<'a, 'b> = (Option<FileNode<'a>>, Option<FileNode<'b>>);

/// Puts the children of two nodes beside each other, the first one last.
fn pair<'a, 'b>(
    one: Option<FileNode<'a>>,
    other: Option<FileNode<'b>>,
    waiting: &mut Vec<Pair<'a, 'b>>,
) {
    let start = waiting.len();
    let there = |node: &FileNode<'_>| node.change() != Change::Removed;
    let mut ones = one
        .into_iter()
        .flat_map(|node| node.children())
        .filter(there)
        .peekable();
    let mut others = other
        .into_iter()
        .flat_map(|node| node.children())
        .filter(there)
        .peekable();
    loop {
        let order = match (ones.peek(), others.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(one), Some(other)) => one.name().cmp(other.name()),
        };
        let one = if order.is_le() { ones.next() } else { None };
        let other = if order.is_ge() { others.next() } else { None };
        waiting.push((one, other));
    }
    waiting[start..].reverse();
}

fn state(node: &FileNode<'_>) -> FileState {
    let entry = node.entry();
    let content = node.content().map(|(_, _, entry)| entry);
    let about = content.or(entry);
    let extra = about.and_then(|entry| entry.extra());
    let attributes = extra.map(|extra| {
        let all = extra.xattrs.iter();
        let mut all: Vec<_> = all
            .map(|(name, value)| (name.to_vec(), value.to_vec()))
            .collect();
        all.sort();
        all
    });
    FileState {
        // a hard link is a file with another name
        kind: match node.kind() {
            EntryKind::Hardlink if content.is_some() => EntryKind::File,
            kind => kind,
        },
        size: node.size(),
        mode: about.map_or(0o755, |entry| entry.mode()),
        uid: about.map_or(0, |entry| entry.uid()),
        gid: about.map_or(0, |entry| entry.gid()),
        digest: content.and_then(|entry| entry.digest()),
        link: entry
            .filter(|entry| entry.kind() == EntryKind::Symlink)
            .and_then(|entry| entry.link().map(<[u8]>::to_vec)),
        attributes: attributes.unwrap_or_default(),
        device: extra.and_then(|extra| extra.device),
    }
}

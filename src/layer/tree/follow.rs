//! Following a path through a tree, links and all, as a container would.

use super::build::ROOT;
use super::{Change, FileNode, FileTree};
use crate::layer::EntryKind;
use crate::model::limits;

/// How far links are still followed for one path.
pub(super) struct Following {
    links: usize,
    steps: usize,
}

impl Following {
    pub(super) const fn new() -> Self {
        Self {
            links: limits::LINKS_FOLLOWED,
            steps: limits::LINK_STEPS,
        }
    }

    /// The parts of a link's target, the first one last; nothing where it is not followed:
    /// it is longer than Linux takes (`ENAMETOOLONG`), or one link too many.
    pub(super) fn parts<'t>(&mut self, target: &'t [u8]) -> Option<Vec<&'t [u8]>> {
        if target.len() > limits::LINK_TARGET_BYTES {
            return None;
        }
        self.links = self.links.checked_sub(1)?;
        let parts = reversed(target);
        self.steps = self.steps.checked_sub(parts.len())?;
        Some(parts)
    }
}

/// Where a path leads.
#[derive(Clone, Debug)]
pub struct Reached<'a> {
    /// The last that is there; links in the names above it were followed.
    pub node: FileNode<'a>,
    /// The names behind it that lead nowhere: the first is not there, is no folder, or a link
    /// that is not followed. None where the path leads to `node`.
    pub rest: Vec<&'a [u8]>,
    /// Whether the way led neither above the node that it was not to leave nor through `/`.
    pub inside: bool,
}

impl FileTree {
    /// The node at a path with links followed within the root, as a container would; nothing
    /// where it leads nowhere.
    pub fn resolve(&self, path: &[u8]) -> Option<FileNode<'_>> {
        let root = self.node(ROOT)?;
        let mut at = root;
        let mut parts = Parts(reversed(path));
        parts.follow(&mut at, root, true);
        let number = at.number();
        self.node(number).filter(|_| parts.0.is_empty())
    }
}

impl<'a> FileNode<'a> {
    /// Where the path `text` leads from here, on its way within `top`. A link at its very
    /// end is not followed.
    pub fn reach(self, text: &'a [u8], top: Self) -> Reached<'a> {
        let absolute = text.first() == Some(&b'/');
        let mut node = match self.tree.node(ROOT) {
            Some(root) if absolute => root,
            _ => self,
        };
        let mut parts = Parts(reversed(text));
        let inside = parts.follow(&mut node, top, false);
        let mut rest = parts.0;
        rest.reverse();
        Reached {
            node,
            rest,
            inside: inside && !absolute,
        }
    }

    /// The target of a symbolic link.
    fn target(&self) -> Option<&'a [u8]> {
        self.entry()?.link()
    }
}

/// What is still to be walked, the first part last.
struct Parts<'a>(Vec<&'a [u8]>);

impl<'a> Parts<'a> {
    /// Walks on from `node` as far as there is something; says whether that never led above
    /// `top` or through `/`.
    fn follow(&mut self, node: &mut FileNode<'a>, top: FileNode<'a>, last: bool) -> bool {
        let mut following = Following::new();
        let mut inside = true;
        while let Some(part) = self.0.pop() {
            if part == b".." {
                inside &= node.number() != top.number();
                *node = node.parent();
                continue;
            }
            let child = node
                .child(part)
                .filter(|child| child.change() != Change::Removed);
            let is_last = self.0.is_empty();
            let kind = child.map(|child| child.kind());
            match (kind, child) {
                (Some(EntryKind::Directory), Some(child)) => *node = child,
                (Some(EntryKind::Symlink), Some(child)) if last || !is_last => {
                    let target = child.target();
                    let Some(more) = target.and_then(|target| following.parts(target)) else {
                        self.0.push(part);
                        return inside;
                    };
                    if target.is_some_and(|target| target.starts_with(b"/")) {
                        inside = false;
                        *node = node.tree().node(ROOT).unwrap_or(*node);
                    }
                    self.0.extend(more);
                }
                (_, Some(child)) if is_last => *node = child,
                _ => {
                    self.0.push(part);
                    return inside;
                }
            }
        }
        inside
    }
}

/// The parts of a path, the first one last.
pub(super) fn reversed(path: &[u8]) -> Vec<&[u8]> {
    let parts = path.split(|byte| *byte == b'/');
    let mut parts: Vec<_> = parts.filter(|part| !matches!(*part, b"" | b".")).collect();
    parts.reverse();
    parts
}

//! Where a symbolic link may lead in a folder that is not the root of a system.

use crate::layer::{Change, EntryKind, FileNode, clean_path};
use crate::model::limits;

use super::Plan;

/// What a link is written with: its target as it stands, or one that stays in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    AsItStands(Vec<u8>),
    Turned(Vec<u8>),
}

/// The target of the link `node`, so that it does not lead out of the folder that the plan's
/// top becomes. A container takes `..` at its root, and a leading `/`, for the root.
pub(super) fn target(plan: &Plan, node: &FileNode<'_>) -> Target {
    let text = node.entry().and_then(|entry| entry.link());
    let text = text.unwrap_or_default();
    let absolute = text.first() == Some(&b'/');
    if !absolute && stays(plan, node, text) {
        return Target::AsItStands(text.to_vec());
    }
    // from the root of the image, without `..` in it
    let mut whole = Vec::new();
    if !absolute {
        whole.extend_from_slice(&node.parent().path());
        whole.push(b'/');
    }
    whole.extend_from_slice(text);
    let (clean, _) = clean_path(&whole);
    let top = plan.top().map(|top| top.path()).unwrap_or_default();
    let top = clean_path(&top).0;
    let inner = match clean.strip_prefix(&top[..]) {
        Some(rest) if top.is_empty() => rest,
        Some(rest) if rest.is_empty() || rest.first() == Some(&b'/') => rest,
        // it leads to what is not written: in the folder it leads nowhere
        _ => &clean,
    };
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    let depth = plan.names_of(node).len().saturating_sub(1);
    let mut turned = b"../".repeat(depth);
    turned.extend_from_slice(inner);
    if turned.is_empty() {
        turned.push(b'.');
    }
    Target::Turned(turned)
}

/// Whether a relative target never leaves the folder on its way, links followed as the
/// folder has them.
fn stays(plan: &Plan, node: &FileNode<'_>, text: &[u8]) -> bool {
    let Ok(top) = plan.top() else {
        return false;
    };
    let mut left = limits::LINKS_FOLLOWED;
    let mut parts: Vec<Vec<u8>> = reversed(text);
    let mut at = node.parent();
    // below a name that is not there, how many deep
    let mut nowhere = 0usize;
    while let Some(part) = parts.pop() {
        if part == b".." {
            match (nowhere, at.number() == top.number()) {
                (0, true) => return false,
                (0, false) => at = at.parent(),
                _ => nowhere -= 1,
            }
            continue;
        }
        if nowhere > 0 {
            nowhere += 1;
            continue;
        }
        let child = at
            .child(&part)
            .filter(|child| child.change() != Change::Removed);
        match child.map(|child| (child.kind(), child)) {
            Some((EntryKind::Directory, child)) => at = child,
            Some((EntryKind::Symlink, child)) => {
                let target = child.entry().and_then(|entry| entry.link());
                let target = target.unwrap_or_default();
                // that one is turned by itself; where it leads is not followed any further
                if target.first() == Some(&b'/') {
                    return false;
                }
                let Some(rest) = left.checked_sub(1) else {
                    return false;
                };
                left = rest;
                parts.extend(reversed(target));
            }
            _ => nowhere = 1,
        }
    }
    true
}

fn reversed(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/');
    let mut parts: Vec<_> = parts
        .filter(|part| !matches!(*part, b"" | b"."))
        .map(<[u8]>::to_vec)
        .collect();
    parts.reverse();
    parts
}

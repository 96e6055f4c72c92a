//! Where a symbolic link may lead in a folder that is not the root of a system.

use crate::layer::FileNode;

use super::Plan;

/// What a link is written with: its target as it stands, or one that stays in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    AsItStands(Vec<u8>),
    Turned(Vec<u8>),
}

/// The target of the link `node`, so that it does not lead out of the folder that the plan's
/// top becomes, and leads to what a container finds there. A container takes `..` at its
/// root, and a leading `/`, for the root; `..` behind a link leads up from where that leads.
pub(super) fn target(plan: &Plan, node: &FileNode<'_>, top: FileNode<'_>) -> Target {
    let text = node.entry().and_then(|entry| entry.link());
    let text = text.unwrap_or_default();
    let reached = node.parent().reach(text, top);
    let rises = reached.rest.contains(&&b".."[..]);
    if reached.inside && !rises {
        return Target::AsItStands(text.to_vec());
    }
    let mut names: Vec<Vec<u8>> = vec![b"..".to_vec(); plan.names_of(node).len().max(1) - 1];
    if (top.number()..top.end()).contains(&reached.node.number()) {
        names.extend(plan.names_of(&reached.node).into_iter().map(<[u8]>::to_vec));
    } else {
        // it leads to what is not written: in the folder it leads nowhere
        let path = reached.node.path();
        let outside = path.split(|byte| *byte == b'/');
        let outside: Vec<_> = outside.filter(|name| !name.is_empty()).collect();
        let first = outside.first().or(reached.rest.first());
        if first.is_none_or(|first| top.child(first).is_some()) {
            let mut nowhere = b"not-exported".to_vec();
            while top.child(&nowhere).is_some() {
                nowhere.push(b'_');
            }
            names.push(nowhere);
        }
        names.extend(outside.into_iter().map(<[u8]>::to_vec));
    }
    match reached.rest.first() {
        // as it leads nowhere there is no way up from it either
        Some(first) if rises => names.extend([first.to_vec(), b".".to_vec()]),
        _ => names.extend(reached.rest.iter().map(|name| name.to_vec())),
    }
    if names.is_empty() {
        names.push(b".".to_vec());
    }
    Target::Turned(names.join(&b'/'))
}

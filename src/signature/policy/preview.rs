//! What a change of a policy would write, and what that means, shown before it is written.

use super::Scope;
use super::edit::{EditError, PolicyEdit, RuleEntry, edited, entries, in_force};
use super::write::meaning;

/// A change, as it looks in the policy as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The entries that are new or another than before, as they are written.
    pub written: String,
    /// What it means, in words; empty where that is what is written.
    pub meaning: String,
}

/// What `edit` would make of the policy `before`. `who` is the signer of a
/// [`PolicyEdit::Trust`], in words.
///
/// # Errors
/// As [`edited`].
pub fn previewed(before: &str, edit: &PolicyEdit, who: &str) -> Result<Preview, EditError> {
    let after = edited(before, edit)?;
    let mut known = blocks(before);
    let changed = blocks(&after).into_iter().filter(|block| {
        let same = known.iter().position(|known| known == block);
        same.map(|at| known.swap_remove(at)).is_none()
    });
    let written = changed.collect::<Vec<_>>().join("\n\n");
    let meaning = match edit {
        PolicyEdit::Trust { scope, .. } => {
            let rules = entries(&after)?.rules;
            let same = |rule: &RuleEntry| Scope::plain(&rule.scope) == Scope::plain(scope);
            let rule = rules.into_iter().find(same);
            let in_force = in_force(entries(before)?.rules.into_iter(), scope);
            rule.map(|rule| meaning(who, &rule, in_force.as_ref()))
        }
        _ => None,
    };
    Ok(Preview {
        written,
        meaning: meaning.unwrap_or_default(),
    })
}

/// The text in pieces: what stands before the first entry, and each entry with its tables.
fn blocks(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with("[[") {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    let pieces = starts.windows(2).map(|pair| text[pair[0]..pair[1]].trim());
    pieces.filter(|piece| !piece.is_empty()).collect()
}

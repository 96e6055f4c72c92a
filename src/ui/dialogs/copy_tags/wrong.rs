//! What is wrong with what was typed, or missing, before anything can be planned.

use crate::engine::TagFilter;

/// Why nothing can be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    NoPlace,
    /// What stands there is no such place, and why.
    Place(String),
    /// An expression is none, and why.
    Only(String),
    Without(String),
}

impl Wrong {
    /// What is to be done first.
    pub(super) const fn first(&self) -> &'static str {
        match self {
            Self::NoPlace => "Say where to",
            Self::Place(_) => "Name a repository or a folder",
            Self::Only(_) | Self::Without(_) => "Mend the expression",
        }
    }
}

/// The expression that was typed; nothing where nothing was.
pub(super) fn filter(typed: &str) -> Result<Option<TagFilter>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let filter = TagFilter::new(typed).map_err(|error| {
        // the last line says what is wrong, those before where
        let said = error.to_string();
        let last = said.lines().last().unwrap_or_default();
        let last = last.trim().trim_start_matches("error: ");
        format!("This is no regular expression: {last}")
    });
    filter.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_expression_is_said_in_one_line() {
        assert_eq!(filter("  "), Ok(None));
        assert_eq!(
            filter("v(1"),
            Err("This is no regular expression: unclosed group".to_owned())
        );
    }
}

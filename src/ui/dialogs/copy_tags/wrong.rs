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

/// An expression as it is typed, and what it is read as: that is made anew only when it has
/// become another one.
#[derive(Debug, Default)]
pub(super) struct Expression {
    pub(super) typed: String,
    read: Option<(String, Result<Option<TagFilter>, String>)>,
}

impl Expression {
    /// The expression; nothing where nothing was typed.
    ///
    /// # Errors
    /// Where it is none: why, in one line.
    pub(super) fn read(&mut self) -> Result<Option<TagFilter>, String> {
        match &self.read {
            Some((typed, read)) if *typed == self.typed => read.clone(),
            _ => {
                let read = filter(&self.typed);
                self.read = Some((self.typed.clone(), read.clone()));
                read
            }
        }
    }
}

/// The expression that was typed; nothing where nothing was.
fn filter(typed: &str) -> Result<Option<TagFilter>, String> {
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

    fn read(typed: &str) -> Result<Option<TagFilter>, String> {
        let mut expression = Expression {
            typed: typed.to_owned(),
            ..Expression::default()
        };
        let first = expression.read();
        assert_eq!(expression.read(), first);
        first
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_said_in_one_line() {
        assert_eq!(read("  "), Ok(None));
        assert_eq!(
            read("v(1"),
            Err("This is no regular expression: unclosed group".to_owned())
        );
    }

    #[test]
    fn an_expression_is_read_again_when_it_has_become_another_one() {
        let mut expression = Expression::default();
        assert_eq!(expression.read(), Ok(None));
        expression.typed.push_str("v1.*");
        assert!(matches!(expression.read(), Ok(Some(_))));
        expression.typed.push('(');
        assert!(expression.read().is_err());
    }
}

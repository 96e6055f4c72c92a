//! Languages that syntect knows: its parser gives scopes, as Sublime Text has them, and
//! those say what a part is.

use std::ops::Range;
use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

use super::Token;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// What scopes stand for; the longest that fits decides. Nothing for what has the colour of
/// the text around it, whatever is around.
static MEANINGS: LazyLock<Vec<(Scope, Option<Token>)>> = LazyLock::new(|| {
    let table = [
        ("comment", Some(Token::Comment)),
        ("string", Some(Token::Text)),
        ("constant", Some(Token::Number)),
        ("keyword", Some(Token::Keyword)),
        ("keyword.operator", None),
        ("storage", Some(Token::Keyword)),
        ("entity.name", Some(Token::Name)),
        ("entity.other", Some(Token::Name)),
        ("support", Some(Token::Name)),
        ("variable.function", Some(Token::Name)),
        ("variable.parameter", None),
        ("variable.other.member", None),
        ("markup.heading", Some(Token::Keyword)),
        ("markup.raw", Some(Token::Text)),
        ("markup.inserted", Some(Token::Text)),
        ("markup.deleted", Some(Token::Number)),
        ("meta.interpolation", None),
        ("meta.diff.header", Some(Token::Keyword)),
    ];
    let scope = |(name, token): (&str, _)| Scope::new(name).ok().map(|scope| (scope, token));
    table.into_iter().filter_map(scope).collect()
});

/// Reads a text line by line.
pub(super) struct Parser {
    state: ParseState,
    stack: ScopeStack,
    failed: bool,
}

impl Parser {
    /// For a file of this name that begins with this; nothing where nobody knows how to read
    /// it.
    pub(super) fn of(name: &str, text: &str) -> Option<Self> {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let first = text.lines().next().unwrap_or_default();
        let syntax = SYNTAXES
            .find_syntax_by_extension(name)
            .or_else(|| SYNTAXES.find_syntax_by_extension(extension))
            .or_else(|| SYNTAXES.find_syntax_by_first_line(first.get(..200).unwrap_or(first)))?;
        (syntax.name != "Plain Text").then(|| Self {
            state: ParseState::new(syntax),
            stack: ScopeStack::new(),
            failed: false,
        })
    }

    /// The parts of the next line, with its line feed.
    pub(super) fn line(&mut self, line: &str, found: &mut dyn FnMut(Range<usize>, Token)) {
        if self.failed {
            return;
        }
        let Ok(changes) = self.state.parse_line(line, &SYNTAXES) else {
            self.failed = true;
            return;
        };
        let mut at = 0;
        for (next, change) in changes {
            let next = next.min(line.len());
            if next > at {
                if let Some(token) = self.token() {
                    found(at..next, token);
                }
                at = next;
            }
            if self.stack.apply(&change).is_err() {
                self.failed = true;
                return;
            }
        }
        if let Some(token) = self.token().filter(|_| at < line.len()) {
            found(at..line.len(), token);
        }
    }

    /// What the scopes say, the innermost first.
    fn token(&self) -> Option<Token> {
        let mut inner = self.stack.as_slice().iter().rev();
        let meaning = inner.find_map(|scope| {
            let fits = MEANINGS
                .iter()
                .filter(|(prefix, _)| prefix.is_prefix_of(*scope));
            fits.max_by_key(|(prefix, _)| prefix.len())
        });
        meaning.and_then(|(_, token)| *token)
    }
}

//! The outline of a JSON text: where each value lies in the bytes, found in one pass and
//! without copying any of them. So a document of many megabytes can be folded and walked
//! through while only what is seen of it is ever turned into text.

mod scan;

use std::ops::Range;

use super::limits;

/// Where every value of a JSON text lies, in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    nodes: Vec<Node>,
}

/// One value. Offsets are in bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    key_start: u32,
    key_end: u32,
    start: u32,
    end: u32,
    parent: u32,
    after: u32,
    children: u32,
    line: u32,
    last_line: u32,
    depth: u16,
    kind: Kind,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

/// Why a text has no outline.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutlineError {
    #[error("it is empty")]
    Empty,
    #[error("it is not UTF-8 text: byte {offset} begins no character")]
    NotText { offset: usize },
    #[error("it is not JSON: {expected} was expected at byte {offset}")]
    NotJson {
        offset: usize,
        expected: &'static str,
    },
    #[error("its values lie more than {limit} deep in each other", limit = limits::JSON_DEPTH)]
    TooDeep,
    #[error("it has more than the {limit} values that are shown as a tree", limit = limits::JSON_VALUES)]
    TooManyValues,
    #[error("it has {size} bytes, more than the {limit} that are shown as a tree", limit = limits::JSON_BYTES)]
    TooLarge { size: usize },
}

const NO_PARENT: u32 = u32::MAX;

impl Outline {
    /// Finds every value of `text`, which has to be one JSON value (RFC 8259) and nothing
    /// behind it.
    ///
    /// # Errors
    /// Where it is not JSON, or past [`limits::JSON_BYTES`], [`limits::JSON_DEPTH`] or
    /// [`limits::JSON_VALUES`].
    pub fn read(text: &[u8]) -> Result<Self, OutlineError> {
        scan::scan(text).map(|nodes| Self { nodes })
    }

    /// All values; the first is the outermost, and each comes right before what is in it.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many lines the text has when every value stands on its own line and every
    /// object and array that is not empty is closed on another one.
    pub fn lines(&self) -> u32 {
        self.nodes.first().map_or(0, |root| root.last_line)
    }

    /// The values right inside the one at `position`.
    pub fn children(&self, position: usize) -> impl Iterator<Item = usize> {
        let after = self.nodes[position].after as usize;
        let mut next = position + 1;
        std::iter::from_fn(move || {
            let child = next;
            (child < after).then(|| {
                next = self.nodes[child].after as usize;
                child
            })
        })
    }

    /// The value that the byte at `offset` belongs to: the last one that begins at or
    /// before it, with its key.
    pub fn at(&self, offset: usize) -> usize {
        let begun = self.nodes.partition_point(|n| n.first_byte() <= offset);
        begun.saturating_sub(1)
    }

    /// The way to the value at `position` as jq writes it: `.manifests[0].digest`, and `.`
    /// for the outermost.
    pub fn path(&self, text: &[u8], position: usize) -> String {
        let mut steps = Vec::new();
        let mut at = position;
        while let Some(parent) = self.nodes[at].parent() {
            steps.push((parent, at));
            at = parent;
        }
        let mut path = String::new();
        for (parent, at) in steps.into_iter().rev() {
            match self.nodes[at].key(text) {
                Some(key) if is_plain(&key) => {
                    path.push('.');
                    path.push_str(&key);
                }
                Some(key) => {
                    let dot = if path.is_empty() { "." } else { "" };
                    let quoted = serde_json::Value::String(key);
                    path.push_str(&format!("{dot}[{quoted}]"));
                }
                None => {
                    let dot = if path.is_empty() { "." } else { "" };
                    let among = self.children(parent).take_while(|c| *c < at).count();
                    path.push_str(&format!("{dot}[{among}]"));
                }
            }
        }
        if path.is_empty() {
            ".".to_owned()
        } else {
            path
        }
    }
}

impl Node {
    /// What it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether other values can lie in it.
    pub const fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::Array)
    }

    /// How many values lie right inside it.
    pub const fn children(&self) -> u32 {
        self.children
    }

    /// The value that it lies in; nothing for the outermost.
    pub const fn parent(&self) -> Option<usize> {
        if self.parent == NO_PARENT {
            None
        } else {
            Some(self.parent as usize)
        }
    }

    /// In how many others it lies.
    pub const fn depth(&self) -> usize {
        self.depth as usize
    }

    /// Position of the first value that is not in this one.
    pub const fn after(&self) -> usize {
        self.after as usize
    }

    /// The line it begins on, counted from 1: see [`Outline::lines`].
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The line it ends on.
    pub const fn last_line(&self) -> u32 {
        self.last_line
    }

    /// The bytes of the value.
    pub const fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The bytes of its key with the quotes; nothing in an array and for the outermost.
    pub const fn key_span(&self) -> Option<Range<usize>> {
        if self.key_start == self.key_end {
            None
        } else {
            Some(self.key_start as usize..self.key_end as usize)
        }
    }

    /// Its key without quotes and escapes.
    pub fn key(&self, text: &[u8]) -> Option<String> {
        self.key_span().map(|span| unquote(&text[span]))
    }

    /// What it says: the text of a string without quotes and escapes, of anything else
    /// the exact bytes.
    pub fn value(&self, text: &[u8]) -> String {
        let bytes = &text[self.span()];
        match self.kind {
            Kind::String => unquote(bytes),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    fn first_byte(&self) -> usize {
        self.key_span().map_or(self.start as usize, |key| key.start)
    }
}

/// The text of a JSON string. One that holds half a surrogate pair has no text; then it is
/// given as it is written.
fn unquote(quoted: &[u8]) -> String {
    serde_json::from_slice(quoted).unwrap_or_else(|_| {
        let inner = quoted.get(1..quoted.len().saturating_sub(1));
        String::from_utf8_lossy(inner.unwrap_or_default()).into_owned()
    })
}

/// Whether jq takes the key without quotes.
fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;

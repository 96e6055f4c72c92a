//! The one pass over the bytes. It keeps its own stack, so that no input can make it use
//! up the thread's.

use super::{Kind, NO_PARENT, Node, OutlineError};
use crate::model::limits;

type Result<T> = std::result::Result<T, OutlineError>;

/// Every value of `text`, in the order in which they are written.
pub(super) fn scan(text: &[u8]) -> Result<Vec<Node>> {
    if text.len() > limits::JSON_BYTES {
        return Err(OutlineError::TooLarge { size: text.len() });
    }
    if let Err(error) = std::str::from_utf8(text) {
        return Err(OutlineError::NotText {
            offset: error.valid_up_to(),
        });
    }
    let mut scanner = Scanner {
        text,
        at: 0,
        nodes: Vec::new(),
        open: Vec::new(),
        line: 0,
    };
    scanner.space();
    if scanner.peek().is_none() {
        return Err(OutlineError::Empty);
    }
    scanner.run()?;
    Ok(scanner.nodes)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    /// Positions of the objects and arrays that are not closed yet.
    open: Vec<u32>,
    /// The line that was written last, as `Outline::lines` counts them.
    line: u32,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<()> {
        self.value(0..0)?;
        while let Some(&container) = self.open.last() {
            let object = self.nodes[container as usize].kind == Kind::Object;
            self.space();
            let first = self.nodes[container as usize].children == 0;
            let (close, separator) = if object {
                (b'}', "a comma or }")
            } else {
                (b']', "a comma or ]")
            };
            match self.peek() {
                Some(found) if found == close => {
                    self.at += 1;
                    self.close(container);
                    continue;
                }
                _ if first => {}
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                _ => return Err(self.expected(separator)),
            }
            let key = if object { self.key()? } else { 0..0 };
            self.nodes[container as usize].children += 1;
            self.value(key)?;
        }
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }

    /// A key, the colon behind it and the space around that.
    fn key(&mut self) -> Result<std::ops::Range<usize>> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        self.string()?;
        let end = self.at;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.expected("a colon"));
        }
        self.at += 1;
        self.space();
        Ok(start..end)
    }

    /// A value; of an object or array only the opening bracket.
    fn value(&mut self, key: std::ops::Range<usize>) -> Result<()> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            _ => return Err(self.expected("a value")),
        };
        match kind {
            Kind::Object | Kind::Array => {
                if self.open.len() >= limits::JSON_DEPTH {
                    return Err(OutlineError::TooDeep);
                }
                self.at += 1;
            }
            Kind::String => self.string()?,
            Kind::Number => self.number()?,
            Kind::Bool if self.peek() == Some(b't') => self.word("true")?,
            Kind::Bool => self.word("false")?,
            Kind::Null => self.word("null")?,
        }
        if self.nodes.len() >= limits::JSON_VALUES {
            return Err(OutlineError::TooManyValues);
        }
        self.line += 1;
        let position = short(self.nodes.len());
        self.nodes.push(Node {
            key_start: short(key.start),
            key_end: short(key.end),
            start: short(start),
            end: short(self.at),
            parent: self.open.last().copied().unwrap_or(NO_PARENT),
            after: position + 1,
            children: 0,
            line: self.line,
            last_line: self.line,
            // not above JSON_DEPTH
            depth: u16::try_from(self.open.len()).unwrap_or(u16::MAX),
            kind,
        });
        if matches!(kind, Kind::Object | Kind::Array) {
            self.open.push(position);
        }
        Ok(())
    }

    fn close(&mut self, container: u32) {
        self.open.pop();
        let after = short(self.nodes.len());
        let node = &mut self.nodes[container as usize];
        node.end = short(self.at);
        node.after = after;
        if node.children > 0 {
            self.line += 1;
        }
        node.last_line = self.line;
    }

    fn string(&mut self) -> Result<()> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 1;
                        }
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                match self.peek() {
                                    Some(b) if b.is_ascii_hexdigit() => self.at += 1,
                                    _ => return Err(self.expected("a hexadecimal digit")),
                                }
                            }
                        }
                        _ => return Err(self.expected("an escaped character")),
                    }
                }
                Some(0..0x20) => return Err(self.expected("an escape for a control character")),
                Some(_) => self.at += 1,
                None => return Err(self.expected("a closing quote")),
            }
        }
    }

    fn number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.expected("a digit"));
        }
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<()> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.expected("a value"))
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> OutlineError {
        OutlineError::NotJson {
            offset: self.at,
            expected,
        }
    }
}

/// An offset or position; `limits::JSON_BYTES` is below `u32::MAX`.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

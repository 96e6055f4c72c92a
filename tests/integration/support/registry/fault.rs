//! What a registry can do wrong.

/// One way to answer wrongly.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Another answer than the right one.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The right answer with this header, in place of its own of that name.
    Header { name: String, value: String },
    /// The right answer with these headers beside its own.
    Headers(Vec<(String, String)>),
    /// The right answer, whose body ends after so many bytes with the connection.
    CutAfter(usize),
    /// The right body, and a `Content-Length` that says something else.
    Length(u64),
    /// The right answer with one byte of the body changed.
    Corrupt,
    /// No answer; the connection stays open.
    Silence,
    /// The right answer, with silence after so many bytes of the body.
    SilenceAfter(usize),
    /// The right answer, whose body comes in ten parts with this pause before each.
    Slow(std::time::Duration),
    /// The right answer, once there is a permit for it.
    Held(std::sync::Arc<tokio::sync::Semaphore>),
    /// The connection is closed in place of an answer.
    Close,
    /// These bytes in place of an answer.
    Bytes(Vec<u8>),
    /// A body of spaces without an end; `said` is its `Content-Length`.
    Endless { said: Option<u64> },
    /// `Range` is not looked at: the whole blob comes.
    IgnoreRange,
    /// So many bytes of the request's body are taken and kept, then the connection is closed.
    CutRequest(usize),
}

impl Fault {
    /// An answer with `status` and an empty body.
    pub fn status(status: u16) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// An answer with the errors of the distribution specification.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let errors = serde_json::json!({"errors": [{"code": code, "message": message}]});
        Self::answer(
            status,
            "application/json; charset=utf-8",
            &errors.to_string(),
        )
    }

    /// An answer of another kind.
    pub fn answer(status: u16, content_type: &str, body: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    /// The right answer is somewhere else.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).with_header("Location", location)
    }

    /// The right answer with this header.
    pub fn header(name: &str, value: &str) -> Self {
        Self::Header {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    /// The same answer with one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        match &mut self {
            Self::Answer { headers, .. } => headers.push((name.to_owned(), value.to_owned())),
            other => panic!("{other:?} takes no header"),
        }
        self
    }
}

/// Which requests are answered wrongly, and how often.
#[derive(Default)]
pub struct Rules(Vec<Rule>);

struct Rule {
    path: String,
    times: usize,
    fault: Fault,
}

impl Rules {
    pub fn add(&mut self, path: &str, times: usize, fault: Fault) {
        let path = path.to_owned();
        self.0.push(Rule { path, times, fault });
    }

    /// The fault for a request (`GET /v2/…`), used up by it.
    pub fn take(&mut self, line: &str) -> Option<Fault> {
        let rule = self
            .0
            .iter_mut()
            .find(|rule| rule.times > 0 && line.contains(&rule.path))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }
}

use proptest::prelude::*;
use serde_json::Value;

use super::{Kind, Outline, OutlineError};
use crate::model::limits;

fn outline(text: &str) -> Outline {
    Outline::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Builds the value again from the outline alone.
fn rebuild(outline: &Outline, text: &[u8], at: usize) -> Value {
    let node = outline.nodes()[at];
    match node.kind() {
        Kind::Object => Value::Object(
            outline
                .children(at)
                .map(|c| {
                    let key = outline.nodes()[c].key(text).expect("a key");
                    (key, rebuild(outline, text, c))
                })
                .collect(),
        ),
        Kind::Array => outline
            .children(at)
            .map(|c| rebuild(outline, text, c))
            .collect(),
        Kind::String => Value::String(node.value(text)),
        _ => serde_json::from_str(&node.value(text)).unwrap(),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_outline_holds_the_whole_value(value in any_json()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let found = outline(&text);
            prop_assert_eq!(rebuild(&found, text.as_bytes(), 0), value.clone());
        }
    }

    #[test]
    fn lines_are_those_of_serde_json(value in any_json()) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let found = outline(&pretty);
        prop_assert_eq!(found.lines() as usize, pretty.lines().count());
        for node in found.nodes() {
            let line = |offset: usize| {
                1 + pretty.as_bytes()[..offset].iter().filter(|b| **b == b'\n').count()
            };
            prop_assert_eq!(node.line() as usize, line(node.span().start));
            prop_assert_eq!(node.last_line() as usize, line(node.span().end));
        }
    }

    #[test]
    fn what_serde_json_reads_has_an_outline(bytes in prop::collection::vec(
        prop_oneof![
            8 => prop::sample::select(b"{}[]\",:0123456789.eE+-truefalsn \\u\n".to_vec()),
            1 => any::<u8>(),
        ],
        0..24,
    )) {
        let read = serde_json::from_slice::<Value>(&bytes);
        let found = Outline::read(&bytes);
        // serde_json refuses two things more: half surrogates and numbers past f64
        if read.is_ok() {
            prop_assert!(found.is_ok(), "{:?}", found);
        }
    }

    #[test]
    fn every_byte_belongs_to_the_innermost_value(value in any_json()) {
        let text = value.to_string();
        let found = outline(&text);
        for (position, node) in found.nodes().iter().enumerate() {
            prop_assert_eq!(found.at(node.span().start), position);
            if let Some(key) = node.key_span() {
                prop_assert_eq!(found.at(key.start), position);
            }
        }
    }
}

#[test]
fn what_is_not_json_says_where() {
    for (text, offset, expected) in [
        ("{", 1, "a key in quotes"),
        ("{\"a\" 1}", 5, "a colon"),
        ("{\"a\":1,}", 7, "a key in quotes"),
        ("[1 2]", 3, "a comma or ]"),
        ("[1,]", 3, "a value"),
        ("{\"a\":1]", 6, "a comma or }"),
        ("[1] x", 4, "the end"),
        ("\"abc", 4, "a closing quote"),
        ("\"a\nb\"", 2, "an escape for a control character"),
        ("\"\\x\"", 2, "an escaped character"),
        ("\"\\u12g4\"", 5, "a hexadecimal digit"),
        ("truth", 0, "a value"),
        ("-", 1, "a digit"),
        ("01", 1, "the end"),
        ("1.", 2, "a digit"),
        ("1e+", 3, "a digit"),
        ("\u{feff}{}", 0, "a value"),
    ] {
        assert_eq!(
            Outline::read(text.as_bytes()),
            Err(OutlineError::NotJson { offset, expected }),
            "{text:?}"
        );
    }
    assert_eq!(Outline::read(b" \n"), Err(OutlineError::Empty));
    assert_eq!(
        Outline::read(b"\"\xff\""),
        Err(OutlineError::NotText { offset: 1 })
    );
}

#[test]
fn limits_hold() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Outline::read(deep(limits::JSON_DEPTH).as_bytes()).is_ok());
    assert_eq!(
        Outline::read(deep(limits::JSON_DEPTH + 1).as_bytes()),
        Err(OutlineError::TooDeep)
    );
    // far deeper than a thread's stack is
    assert_eq!(
        Outline::read("[".repeat(1 << 20).as_bytes()),
        Err(OutlineError::TooDeep)
    );
    let many = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
    assert!(Outline::read(many(limits::JSON_VALUES).as_bytes()).is_ok());
    assert_eq!(
        Outline::read(many(limits::JSON_VALUES + 1).as_bytes()),
        Err(OutlineError::TooManyValues)
    );
    let large = vec![b' '; limits::JSON_BYTES + 1];
    assert_eq!(
        Outline::read(&large),
        Err(OutlineError::TooLarge { size: large.len() })
    );
}

#[test]
fn paths_are_what_jq_takes() {
    let text = r#"{"manifests":[{"digest":"x","a.b":{"c d":[1,2]}}],"":0,"7":1}"#;
    let found = outline(text);
    let paths: Vec<_> = (0..found.nodes().len())
        .map(|at| found.path(text.as_bytes(), at))
        .collect();
    assert_eq!(
        paths,
        [
            ".",
            ".manifests",
            ".manifests[0]",
            ".manifests[0].digest",
            ".manifests[0][\"a.b\"]",
            ".manifests[0][\"a.b\"][\"c d\"]",
            ".manifests[0][\"a.b\"][\"c d\"][0]",
            ".manifests[0][\"a.b\"][\"c d\"][1]",
            ".[\"\"]",
            ".[\"7\"]",
        ]
    );
    assert_eq!(outline("[5]").path(b"[5]", 1), ".[0]");
}

#[test]
fn texts_are_read_without_escapes() {
    let text = r#"{"a\u0041":"b\n\"c\"","half":"\ud800"}"#;
    let found = outline(text);
    let nodes = found.nodes();
    assert_eq!(nodes[1].key(text.as_bytes()).as_deref(), Some("aA"));
    assert_eq!(nodes[1].value(text.as_bytes()), "b\n\"c\"");
    // half a surrogate pair is no text
    assert_eq!(nodes[2].value(text.as_bytes()), "\\ud800");
}

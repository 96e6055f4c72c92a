//! What failures advise is read in the window too: options of the command line stand in
//! brackets, which the window leaves out (`Failure::hint_in_window`).

use std::path::{Path, PathBuf};

use crate::edges::{code, rust_files};

/// Modules whose words the window does not show: the command line's own, and those that
/// have no hints of failures.
const ELSEWHERE: [&str; 2] = ["cli", "diagnostics"];

/// The texts between quotes of `code`, with the number of the line that each begins in.
fn texts(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = code.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        line += usize::from(c == '\n');
        // a quote as a character is no beginning: '"' and '\"'
        let begins = c == '"' && before != '\'' && before != '\\';
        before = c;
        if !begins {
            continue;
        }
        let (begin, mut text) = (line, String::new());
        while let Some(c) = rest.next() {
            match c {
                '"' => break,
                '\\' => match rest.next() {
                    // the text goes on in the next line
                    Some('\n') => {
                        line += 1;
                        while rest.next_if(|c| c.is_whitespace()).is_some() {}
                    }
                    Some(escaped) => text.push(escaped),
                    None => break,
                },
                c => {
                    line += usize::from(c == '\n');
                    text.push(c);
                }
            }
        }
        found.push((begin, text));
    }
    found
}

/// Whether `text` names an option of ours among its words where the window shows it.
fn shows_an_option(text: &str) -> bool {
    let mut shown = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            c if depth == 0 => shown.push(c),
            _ => {}
        }
    }
    // a line to copy is one as a whole
    if shown.starts_with("porthole ") {
        return false;
    }
    // other programs are run by hand, whoever reads it; what is in tags is a page's
    let words: Vec<_> = shown.split([' ', '\n']).collect();
    words.windows(2).any(|pair| {
        let option = pair[1].strip_prefix("--");
        let option = option.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        option && !pair[0].ends_with("gpg") && !pair[1].contains('<')
    })
}

#[test]
fn options_of_the_command_line_are_in_brackets() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<PathBuf> = Vec::new();
    rust_files(&source, &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in &files {
        let name = file.strip_prefix(&source).unwrap();
        if ELSEWHERE.iter().any(|module| name.starts_with(module)) {
            continue;
        }
        for (line, text) in texts(&code(file)) {
            seen += usize::from(text.contains("(--"));
            if shows_an_option(&text) {
                wrong.push(format!("{}, about line {line}: {text:?}", name.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 20, "the texts were found: {seen}");
}

#[test]
fn the_window_draws_hints_by_one_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
    let mut files: Vec<PathBuf> = Vec::new();
    rust_files(&source, &mut files);
    let (mut raw, mut drawn) = (Vec::new(), 0);
    for file in &files {
        let code = code(file);
        drawn += code.matches(".hint_in_window()").count();
        let code = code.replace(".hint.is_empty()", "");
        for failure in ["failure", "error", "why"] {
            let field = format!("{failure}.hint");
            let ends = |rest: &str| !rest.starts_with(['_', '(']);
            let found = code.split(&field).skip(1).any(ends);
            // one that was taken out of what it belongs to
            let bare = code.contains("{hint}\"") && !code.contains("hint_in_window");
            if found || bare {
                raw.push(format!("{}: {field}", file.display()));
            }
        }
    }
    assert!(raw.is_empty(), "{}", raw.join("\n"));
    assert!(drawn > 6, "the places were found: {drawn}");
}

#[test]
fn the_reader_of_texts_sees_what_the_window_shows() {
    let code = "f('\"', \"one\", \"two \\\n      three \\\"four\\\"\");\nlet x = \"five\";";
    let found: Vec<_> = texts(code).into_iter().map(|(_, text)| text).collect();
    assert_eq!(found, ["one", "two three \"four\"", "five"]);
    assert!(shows_an_option("Name one: --key FILE"));
    assert!(shows_an_option("Verify again without --offline"));
    assert!(!shows_an_option("Name one (--key FILE), or none"));
    assert!(!shows_an_option("Export it: gpg --export-secret-keys ID"));
    assert!(!shows_an_option("--key"));
}

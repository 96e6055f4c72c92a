//! Dependencies between modules point one way: the table of `ARCHITECTURE.md`, held to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the crate may use of the crate.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("model", &[]),
    ("config", &["model"]),
    ("diagnostics", &["model"]),
    ("store", &["model"]),
    ("transport", &["model", "config"]),
    ("referrers", &["model", "transport"]),
    ("copy", &["model", "transport", "referrers", "signature"]),
    ("signature", &["model", "transport", "referrers"]),
    ("services", &["model", "config", "transport", "signature"]),
    ("layer", &["model", "transport"]),
    ("export", &["model", "transport", "layer"]),
    ("diff", &["model", "layer"]),
    (
        "engine",
        &[
            "model",
            "config",
            "store",
            "transport",
            "referrers",
            "signature",
            "services",
            "layer",
            "export",
            "diff",
            "copy",
        ],
    ),
    (
        "ui",
        &[
            "model",
            "diagnostics",
            "transport",
            "referrers",
            "signature",
            "layer",
            "export",
            "diff",
            "copy",
            "engine",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "config",
            "transport",
            "referrers",
            "signature",
            "layer",
            "copy",
            "diff",
            "engine",
        ],
    ),
];

/// Names that only some modules may use at all.
const KEPT_TO: [(&str, &[&str]); 10] = [
    ("egui::", &["ui"]),
    ("eframe::", &["ui"]),
    ("egui_tiles::", &["ui"]),
    ("rfd::", &["ui"]),
    ("reqwest::", &["transport"]),
    ("tokio::", &["transport", "store", "services", "engine"]),
    ("std::fs", &["config", "store", "transport", "export"]),
    ("libz_rs_sys::", &["layer"]),
    ("clap::", &["cli"]),
    // programs that are run inherit no secret: `config::program`
    ("process::Command", &["config"]),
];

/// The files of Rust in a folder, at any depth.
pub fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without comments and without its tests.
pub fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests")
        || path.components().any(|part| part.as_os_str() == "tests")
}

/// Modules named behind `crate::`, one by one or in braces.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let word = |text: &str| -> String {
            text.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        };
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let mut item = String::new();
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            used.insert(word(item.trim()));
                            item.clear();
                        }
                        c => item.push(c),
                    }
                }
                used.insert(word(item.trim()));
            }
            None => {
                used.insert(word(rest));
            }
        }
    }
    used.remove("");
    used
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&source).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if matches!(name.as_str(), "lib.rs" | "main.rs") {
            continue;
        }
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(module, _)| *module == name)
            .unwrap_or_else(|| panic!("src/{name} is not in the table of allowed edges"));
        let mut files = Vec::new();
        rust_files(&source.join(&name), &mut files);
        for file in files.iter().filter(|file| !is_test_file(file)) {
            let code = code(file);
            for used in used_modules(&code) {
                if used != name && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
            for (word, modules) in KEPT_TO {
                if code.contains(word) && !modules.contains(&name.as_str()) {
                    wrong.push(format!("{} uses {word}", file.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "edges that are not allowed:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_file_grows_past_eight_hundred_lines() {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    rust_files(&root.join("src"), &mut files);
    rust_files(&root.join("tests"), &mut files);
    let long: Vec<_> = files
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().lines().count() > 800)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn the_reader_of_edges_sees_lists_and_single_uses() {
    let code = "use crate::model::Digest;\nuse crate::{engine::{A, B}, store};\ncrate::config::x()";
    let used: Vec<_> = used_modules(code).into_iter().collect();
    assert_eq!(used, ["config", "engine", "model", "store"]);
}

//! The tree of a layer with 1,000,000 entries in the window: the time of a full frame while
//! it is scrolled, filtered and unfolded, how long filters take to show something, and how
//! long a second opening takes to its first rows.
//!
//! `cargo bench --bench files`

#[path = "support/layers.rs"]
mod layers;
#[path = "support/window.rs"]
mod window;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers};
use porthole::engine::{FilesSnapshot, NodePath, Remote};
use porthole::layer::{FileQuery, NameFilter};
use window::{Window, print, print_head};

/// What is typed into the filter, a key at a time.
const FILTERS: [&str; 4] = ["file0042", "*.so", "re:^/folder2.*9.txt$", "flat/name12"];

/// What is known of the files.
fn files(window: &Window) -> Option<Arc<FilesSnapshot>> {
    let jobs = window.engine.jobs();
    let image = jobs.first()?.image;
    window.engine.files(image, &NodePath::root())
}

/// Whether everything that is asked for is shown.
fn shown(files: &FilesSnapshot) -> bool {
    match &files.list {
        Remote::Ready(list) => *list.query() == files.query,
        _ => false,
    }
}

fn open(reference: &str, cache: &Path) -> (Window, Duration, Vec<Duration>) {
    let mut window = Window::open(reference.to_owned(), Some(cache));
    for _ in 0..10 {
        window.draw(Vec::new());
    }
    let began = Instant::now();
    window.press(Modifiers::COMMAND.plus(Modifiers::CTRL), Key::Num4);
    let mut first = None;
    let times = {
        let first = &mut first;
        let image = window.engine.jobs().first().expect("it was opened").image;
        window.draw_until(|engine| {
            let Some(files) = engine.files(image, &NodePath::root()) else {
                return false;
            };
            if first.is_none() && files.list.value().is_some_and(|list| !list.is_empty()) {
                *first = Some(began.elapsed());
            }
            files.is_over() && shown(&files)
        })
    };
    (window, first.expect("rows were shown"), times)
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let packer = zstd::Encoder::new(Vec::new(), 1).expect("zstd can be set up");
    let layer = layers::million(packer)
        .finish()
        .expect("memory can be written");
    let reference = layers::layout(
        &folder.path().join("image"),
        &layer,
        "application/vnd.oci.image.layer.v1.tar+zstd",
    );
    drop(layer);
    let cache = folder.path().join("cache");
    let (window, first, reading) = open(&reference, &cache);
    drop(window);
    // the cache is written behind what is shown
    std::thread::sleep(Duration::from_secs(2));
    let (mut window, again, _) = open(&reference, &cache);
    let count = files(&window).and_then(|files| files.list.value().map(|list| list.len()));
    println!("{} names\n", count.unwrap_or_default());
    print_head();
    print("the layer is read", reading);
    unfold(&mut window);
    print(
        "the tree is scrolled",
        (0..2_000).map(|_| window.scroll(-700.0)).collect(),
    );
    let waits = filter(&mut window);
    println!("\n| what | time |\n|---|---|");
    let show = |what: &str, time: Duration| {
        println!("| {what} | {:.0} ms |", time.as_secs_f64() * 1000.0);
    };
    show("first rows, the layer being read", first);
    show("first rows, opened again", again);
    for (filter, wait) in FILTERS.iter().zip(waits) {
        show(&format!("filter `{filter}`: first names"), wait);
    }
}

/// Opens and closes the largest folder, and then one folder after the other.
fn unfold(window: &mut Window) {
    let at = window.find("flat, folder").expect("the first row");
    window.click(at);
    let mut times = Vec::new();
    for _ in 0..50 {
        times.push(window.press(Modifiers::NONE, Key::ArrowRight));
        times.push(window.draw(Vec::new()));
        times.push(window.press(Modifiers::NONE, Key::ArrowLeft));
        times.push(window.draw(Vec::new()));
    }
    for _ in 0..200 {
        times.push(window.press(Modifiers::NONE, Key::ArrowRight));
        times.push(window.press(Modifiers::NONE, Key::ArrowLeft));
        times.push(window.press(Modifiers::NONE, Key::ArrowDown));
    }
    for _ in 0..100 {
        times.push(window.press(Modifiers::NONE, Key::ArrowUp));
    }
    window.press(Modifiers::NONE, Key::Home);
    times.push(window.press(Modifiers::NONE, Key::ArrowRight));
    print("folders are opened and closed", times);
}

/// Types each filter; gives how long after its last key the first names are there.
fn filter(window: &mut Window) -> Vec<Duration> {
    let field = window.find("Filter files").expect("the filter is there");
    let mut times = Vec::new();
    let mut waits = Vec::new();
    for filter in FILTERS {
        times.extend(window.click(field));
        for key in filter.chars() {
            times.push(window.draw(vec![Event::Text(key.to_string())]));
        }
        let began = Instant::now();
        let query = FileQuery::default();
        // all of what was typed, and not what it began with
        let is_typed = |query: &FileQuery| match &query.name {
            Some(NameFilter::Text(name) | NameFilter::Glob(name) | NameFilter::Regex(name)) => {
                filter.trim_start_matches("re:") == name
            }
            None => false,
        };
        let found = |files: &FilesSnapshot| {
            let list = files.list.value();
            list.is_some_and(|list| is_typed(list.query()) && !list.is_empty())
        };
        while !files(window).is_some_and(|files| found(&files)) {
            times.push(window.draw(Vec::new()));
            std::thread::sleep(Duration::from_millis(1));
        }
        waits.push(began.elapsed());
        for _ in 0..200 {
            times.push(window.scroll(-700.0));
        }
        times.push(window.press(Modifiers::COMMAND.plus(Modifiers::CTRL), Key::A));
        times.push(window.press(Modifiers::NONE, Key::Backspace));
        while !files(window).is_some_and(|files| files.query == query && shown(&files)) {
            times.push(window.draw(Vec::new()));
        }
    }
    print("filters are typed, and what is left is scrolled", times);
    waits
}

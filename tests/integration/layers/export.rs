//! Files of an image written to this machine: `porthole export-files`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process;

use porthole::engine::{
    Command, FilesRequest, JobId, JobKind, JobState, NodePath, Outcome, SaveRequest, SaveTarget,
};
use porthole::layer::Allowance;
use tar::EntryType;

use super::cli::image;
use super::desk::ask;
use super::{Tar, porthole};
use crate::support::layout::Layout;
use crate::support::watch::Watch;

fn export(layout: &Layout, arguments: &[&str]) -> (bool, String) {
    let reference = layout.reference("it");
    let mut all = vec!["export-files", &reference];
    all.extend(arguments);
    let output = porthole(&all);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

/// Every name under a folder, links not followed.
fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            found.push(path.strip_prefix(folder).unwrap().display().to_string());
            if entry.file_type().unwrap().is_dir() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    found
}

fn link(path: &Path) -> String {
    fs::read_link(path).unwrap().display().to_string()
}

/// As file systems have them whose equal files are one: a link may have several names too.
#[test]
fn a_hard_link_to_a_link_is_that_link() {
    let place = tempfile::tempdir().unwrap();
    let lower = Tar::new().file("a", b"a").symlink("soft", "a").bytes();
    let upper = Tar::new().hardlink("hard", "soft").bytes();
    let layout = image(&place.path().join("image"), &[lower, upper]);
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(ok, "{said}");
    assert_eq!(link(&out.join("hard")), "a");
    let read = porthole(&["cat", &layout.reference("it"), "/hard"]);
    assert_eq!(read.stdout, b"a", "{read:?}");
}

#[test]
fn the_file_system_of_an_image_is_written_into_a_new_folder() {
    let place = tempfile::tempdir().unwrap();
    let lower = Tar::new()
        .dir("etc")
        .file("etc/a", b"first")
        .file("etc/gone", b"gone")
        .hardlink("etc/b", "etc/a")
        .symlink("etc/l", "a")
        .bytes();
    let upper = Tar::new()
        .file("etc/.wh.gone", b"")
        .file("srv/new", b"new")
        .bytes();
    let layout = image(&place.path().join("image"), &[lower, upper]);
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(ok, "{said}");
    let expected = ["etc", "etc/a", "etc/b", "etc/l", "srv", "srv/new"];
    assert_eq!(names(&out), expected);
    assert_eq!(fs::read(out.join("etc/b")).unwrap(), b"first");
    assert_eq!(link(&out.join("etc/l")), "a");
    let time = fs::metadata(out.join("etc/a")).unwrap().modified().unwrap();
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_secs(), 1_700_000_000);
    // the same file by two names
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(out.join(name)).unwrap().ino()
    };
    assert_eq!(inode("etc/a"), inode("etc/b"));
    // as it stood below
    let below = place.path().join("below");
    let (ok, said) = export(&layout, &["--at", "0", below.to_str().unwrap()]);
    assert!(ok, "{said}");
    assert!(below.join("etc/gone").exists());
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let layout = image(
        &place.path().join("image"),
        &[Tar::new().file("a", b"a").bytes()],
    );
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("mine"), "mine").unwrap();
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(!ok && said.contains("there is something in it"), "{said}");
    assert_eq!(names(&out), ["mine"]);
    // neither is what a link leads to, nor a file
    let empty = place.path().join("empty");
    fs::create_dir(&empty).unwrap();
    std::os::unix::fs::symlink(&empty, place.path().join("link")).unwrap();
    let (ok, said) = export(&layout, &[place.path().join("link").to_str().unwrap()]);
    assert!(!ok && said.contains("is no folder"), "{said}");
    assert_eq!(names(&empty), [""; 0]);
    // an empty one is taken
    let (ok, said) = export(&layout, &[empty.to_str().unwrap()]);
    assert!(ok, "{said}");
    assert_eq!(names(&empty), ["a"]);
}

/// What a hostile layer tries, with what must not come of it.
#[test]
fn nothing_is_written_outside_of_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("kept"), "as it was").unwrap();
    let there = outside.to_str().unwrap();
    let hostile = Tar::new()
        .raw(b"../escaped", b"up")
        .raw(b"../../../../tmp/porthole-escaped", b"up")
        .raw(format!("{there}/absolute").as_bytes(), b"absolute")
        // a link, and files written through it, before and after it
        .symlink("door", there)
        .raw(b"door/through", b"through")
        .symlink("up", "../outside")
        .raw(b"up/kept", b"changed")
        .symlink("deep/a/b", "../../../outside")
        .hardlink("hard", &format!("{there}/kept"))
        .hardlink("harder", "door/kept")
        .bytes();
    let layout = image(&place.path().join("image"), &[hostile]);
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    // a link to what is not in the image is left out, whatever is there outside of it
    assert!(ok && said.contains("2 hard links left out"), "{said}");
    assert_eq!(fs::read(out.join("escaped")).unwrap(), b"up");
    assert!(!out.join("hard").exists() && !out.join("harder").exists());
    assert_eq!(names(&outside), ["kept"]);
    assert_eq!(fs::read(outside.join("kept")).unwrap(), b"as it was");
    assert!(!place.path().join("escaped").exists());
    assert!(!Path::new("/tmp/porthole-escaped").exists());
    let rest: Vec<_> = names(place.path());
    assert!(
        !rest.iter().any(|name| name.starts_with(".porthole-")),
        "{rest:?}"
    );
}

#[test]
fn a_hard_link_to_what_is_not_there_is_left_out_and_counted() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new().file("a", b"a").hardlink("b", "gone").bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let reference = layout.reference("it");
    let output = porthole(&["export-files", &reference, "--tar", "-"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("1 hard links left out: what they name is not there"),
        "{said}"
    );
    let mut archive = tar::Archive::new(&output.stdout[..]);
    let entries = archive.entries().unwrap();
    let names = entries.map(|entry| entry.unwrap().path().unwrap().display().to_string());
    assert_eq!(names.collect::<Vec<_>>(), ["./", "./a"]);
    // by itself there is nothing of it to write
    let file = place.path().join("file");
    let file = file.to_str().unwrap();
    let (ok, said) = export(&layout, &["--path", "b", "--file", file]);
    assert!(!ok && said.contains("a file that is not there"), "{said}");
}

#[test]
fn a_file_that_is_there_is_only_written_over_where_that_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new().file("a", b"new").bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let mine = place.path().join("mine");
    let to = mine.to_str().unwrap();
    for arguments in [&["--path", "a", "--file", to][..], &["--tar", to]] {
        fs::write(&mine, "mine").unwrap();
        let (ok, said) = export(&layout, arguments);
        assert!(!ok && said.contains("is there already"), "{said}");
        assert!(said.contains("--force"), "{said}");
        assert_eq!(fs::read(&mine).unwrap(), b"mine");
        let (ok, said) = export(&layout, &[arguments, &["--force"]].concat());
        assert!(ok, "{said}");
        assert_ne!(fs::read(&mine).unwrap(), b"mine");
    }
    // a link that leads nowhere is there, too
    fs::remove_file(&mine).unwrap();
    std::os::unix::fs::symlink("nowhere", &mine).unwrap();
    let (ok, said) = export(&layout, &["--tar", to]);
    assert!(!ok && said.contains("is there already"), "{said}");
    assert_eq!(link(&mine), "nowhere");
}

/// What comes between the asking and the writing.
#[test]
fn a_file_that_came_meanwhile_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new().file("a", b"new").bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let mine = place.path().join("mine");
    fs::write(&mine, "mine").unwrap();
    let watch = Watch::start();
    let image = watch.open(&layout.reference("it"));
    let request = |replace| SaveRequest {
        path: b"/a".to_vec(),
        replace,
        ..big(&mine, Allowance::Usual)
    };
    for (replace, content) in [(false, b"mine"), (true, b"new\0")] {
        ask(&watch, image, FilesRequest::Save(request(replace)));
        let ended = |job: &porthole::engine::JobSnapshot| {
            let failed = matches!(job.state, JobState::Failed(_));
            job.kind == JobKind::Save && (job.state == JobState::Done || failed && !replace)
        };
        watch.until_job(ended);
        let content = &content[..content.iter().position(|byte| *byte == 0).unwrap_or(4)];
        assert_eq!(fs::read(&mine).unwrap(), content);
    }
}

#[test]
fn links_that_would_lead_out_are_turned() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new()
        .raw(b"../escaped", b"up")
        .dir("etc")
        .file("etc/passwd", b"root")
        .symlink("absolute", "/etc/passwd")
        .symlink("etc/up", "../../../../etc/passwd")
        .symlink("etc/fine", "../etc/passwd")
        .symlink("etc/dangling", "not/there")
        .symlink("door", "/outside")
        .raw(b"door/through", b"through")
        .bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(ok, "{said}");
    // what leads up from the root stays at the root, as for a container
    assert_eq!(fs::read(out.join("escaped")).unwrap(), b"up");
    assert_eq!(link(&out.join("absolute")), "etc/passwd");
    assert_eq!(link(&out.join("etc/up")), "../etc/passwd");
    assert_eq!(link(&out.join("etc/fine")), "../etc/passwd");
    assert_eq!(link(&out.join("etc/dangling")), "not/there");
    // what is written through a link lies where the link leads within the image
    assert_eq!(link(&out.join("door")), "outside");
    assert_eq!(fs::read(out.join("outside/through")).unwrap(), b"through");
    for name in ["absolute", "etc/up", "etc/fine"] {
        let real = fs::canonicalize(out.join(name)).unwrap();
        assert!(real.starts_with(fs::canonicalize(&out).unwrap()), "{name}");
    }
    assert!(said.contains("3 links turned"), "{said}");
}

/// `..` behind a link leads up from where the link leads, and what is not written is nowhere.
#[test]
fn links_lead_to_what_a_container_finds_there() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new()
        .file("deep/x", b"wrong")
        .file("other/x", b"right")
        .dir("other/dir")
        .symlink("deep/ln", "/other/dir")
        .symlink("absolute", "/deep/ln/../x")
        .symlink("relative", "deep/ln/../x")
        .symlink("chained", "/absolute")
        .symlink("nowhere", "/nope/../other/x")
        .symlink("through", "/other/x/../x")
        .symlink("dangling", "/nope/at/all")
        .symlink("top", "/deep/ln/../..")
        .file("part/usr/x", b"wrong")
        .file("usr/x", b"right")
        .symlink("part/outside", "/usr/x")
        .symlink("part/root", "/")
        .symlink("part/inside", "/part/usr/x")
        .bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(ok, "{said}");
    for name in ["absolute", "relative", "chained", "part/outside"] {
        let read = porthole(&["cat", &layout.reference("it"), name]);
        assert_eq!(read.stdout, b"right", "{name}");
        assert_eq!(fs::read(out.join(name)).unwrap(), b"right", "{name}");
    }
    for name in ["nowhere", "through", "dangling"] {
        assert!(fs::metadata(out.join(name)).is_err(), "{name}");
    }
    assert_eq!(link(&out.join("chained")), "absolute");
    assert_eq!(link(&out.join("dangling")), "nope/at/all");
    let real = |path: &Path| fs::canonicalize(path).unwrap();
    assert_eq!(real(&out.join("top")), real(&out));
    assert_eq!(real(&out.join("part/root")), real(&out));
    // a part of it by itself
    let part = place.path().join("part");
    let (ok, said) = export(&layout, &["--path", "/part", part.to_str().unwrap()]);
    assert!(ok, "{said}");
    assert_eq!(fs::read(part.join("inside")).unwrap(), b"wrong");
    for name in ["outside", "root"] {
        assert!(fs::metadata(part.join(name)).is_err(), "{name}");
    }
}

#[test]
fn a_sparse_file_is_not_blown_up_unasked() {
    let place = tempfile::tempdir().unwrap();
    let layout = hole(place.path());
    let out = place.path().join("out");
    let to = out.to_str().unwrap();
    for arguments in [&[to][..], &["--tar", to], &["--path", "big", "--file", to]] {
        let (ok, said) = export(&layout, arguments);
        assert!(!ok && said.contains("--read-anyway"), "{said}");
        assert!(!out.exists());
    }
    let reference = layout.reference("it");
    let output = porthole(&["export-files", &reference, "--tar", "-"]);
    assert!(output.stdout.is_empty() && !output.status.success());
    // it comes where that is asked for
    let mut running = process::Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(["export-files", &reference, "--tar", "-", "--read-anyway"])
        .env("XDG_CACHE_HOME", place.path())
        .stdout(process::Stdio::piped())
        .stderr(process::Stdio::null())
        .spawn()
        .unwrap();
    let mut begun = vec![0; 1 << 20];
    let read = std::io::Read::read_exact(running.stdout.as_mut().unwrap(), &mut begun);
    running.kill().unwrap();
    running.wait().unwrap();
    read.unwrap();
}

/// An image with a file that is one hole of a terabyte.
fn hole(place: &Path) -> Layout {
    let layer = Tar::new().sparse("big", 1 << 40, &[(1 << 40, b"")]).bytes();
    image(&place.join("image"), &[layer])
}

/// What the window asks for to save it.
fn big(to: &Path, allowance: Allowance) -> SaveRequest {
    SaveRequest {
        path: b"/big".to_vec(),
        at: None,
        to: SaveTarget::File(to.to_owned()),
        allowance,
        replace: false,
    }
}

/// Waits until a file is being written.
fn begun(watch: &Watch) -> JobId {
    let job = watch.until_job(|job| job.kind == JobKind::Save && job.progress.done() > 1 << 20);
    job.id
}

/// Waits until the job was ended, and what it had written is gone.
fn ended(watch: &Watch, job: JobId, place: &Path) {
    watch.until_job(|ended| ended.id == job && ended.state == JobState::Cancelled);
    assert!(!names(place).iter().any(|name| name.contains("porthole")));
    assert!(!place.join("big").exists());
}

#[test]
fn what_was_refused_for_its_holes_is_written_where_the_request_says_so() {
    let place = tempfile::tempdir().unwrap();
    let layout = hole(place.path());
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&layout.reference("it"));
    let to = place.path().join("big");
    let asked = big(&to, Allowance::Usual);
    ask(&watch, id, FilesRequest::Save(asked.clone()));
    let outcome = watch.wait(|| watch.engine.take_outcomes().into_iter().next());
    let Outcome::SaveTooMuch {
        image,
        manifest,
        request,
        failure,
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!((image, manifest, request), (id, NodePath::root(), asked));
    let said = failure.to_string();
    assert!(said.contains("1.1 TB in holes"), "{said}");
    assert!(!to.exists());

    let anyway = big(&to, Allowance::Everything);
    ask(&watch, id, FilesRequest::Save(anyway));
    let job = begun(&watch);
    watch.engine.send(Command::Cancel { job });
    ended(&watch, job, place.path());
}

#[test]
fn what_is_being_written_goes_on_when_its_tab_is_closed() {
    let place = tempfile::tempdir().unwrap();
    let layout = hole(place.path());
    let watch = Watch::start();
    let (image, _) = watch.open_and_settle(&layout.reference("it"));
    let anyway = big(&place.path().join("big"), Allowance::Everything);
    ask(&watch, image, FilesRequest::Save(anyway));
    let job = begun(&watch);
    watch.engine.send(Command::Close { image });
    watch.wait(|| watch.engine.image(image).is_none().then_some(()));
    let done = || {
        let jobs = watch.engine.jobs();
        let found = jobs.iter().find(|found| found.id == job).unwrap();
        assert!(!found.state.is_final(), "{:?}", found.state);
        found.progress.done()
    };
    let before = done();
    watch.wait(|| (done() > before + (64 << 20)).then_some(()));
    watch.engine.send(Command::Cancel { job });
    ended(&watch, job, place.path());
    // nobody is left to do it again, and that is said
    watch.engine.send(Command::Retry { job });
    let said = watch.wait(|| watch.engine.take_outcomes().into_iter().next());
    let Outcome::Failed(failure) = said else {
        panic!("{said:?}");
    };
    assert!(failure.headline.contains("is closed"), "{failure:?}");
    assert!(failure.hint.contains("Open the image again"), "{failure:?}");
}

#[test]
fn what_waits_for_its_layers_is_saved_when_its_tab_is_closed_meanwhile() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new()
        .file("long", &vec![7; 64 << 20])
        .file("big", b"small")
        .bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let watch = Watch::start();
    let (image, _) = watch.open_and_settle(&layout.reference("it"));
    let to = place.path().join("big");
    watch.engine.send(Command::Files {
        image,
        manifest: NodePath::root(),
        request: FilesRequest::Save(big(&to, Allowance::Usual)),
    });
    watch.until_job(|job| job.kind == JobKind::ReadLayers);
    watch.engine.send(Command::Close { image });
    watch.until_job(|job| job.kind == JobKind::Save && job.state == JobState::Done);
    assert_eq!(fs::read(&to).unwrap(), b"small");
}

#[test]
fn holes_take_no_room_where_they_are_written() {
    use std::os::unix::fs::MetadataExt as _;
    let size: u64 = 96 << 20;
    let parts: [(u64, &[u8]); 2] = [(5 << 20, b"here"), (80 << 20, b"there")];
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new()
        .sparse("big", size, &parts)
        .file("zeros", &[0; 100_000])
        .bytes();
    let layout = image(&place.path().join("image"), &[layer]);
    let mut expected = vec![0; size as usize];
    for (at, part) in parts {
        expected[at as usize..][..part.len()].copy_from_slice(part);
    }
    let (folder, file) = (place.path().join("out"), place.path().join("one"));
    let one = ["--path", "big", "--file", file.to_str().unwrap()];
    for (arguments, written) in [
        (&[folder.to_str().unwrap()][..], folder.join("big")),
        (&one, file.clone()),
    ] {
        let (ok, said) = export(&layout, arguments);
        assert!(ok, "{said}");
        assert!(fs::read(&written).unwrap() == expected);
        let room = fs::metadata(&written).unwrap().blocks() * 512;
        assert!(room < 1 << 20, "{room} bytes");
    }
    // zeros that the layer has are no holes
    let zeros = fs::metadata(folder.join("zeros")).unwrap();
    assert!(zeros.blocks() * 512 >= zeros.len());
}

#[test]
fn old_times_and_sticky_folders_are_kept_and_what_is_lost_is_said() {
    let place = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Tar::header(EntryType::Directory, 0);
    header.set_mode(0o1777);
    builder.append_data(&mut header, "tmp", &[][..]).unwrap();
    let mut header = Tar::header(EntryType::Regular, 1);
    header.set_path("old").unwrap();
    header.as_mut_bytes()[136..140].fill(0xff);
    header.as_mut_bytes()[140..148].copy_from_slice(&(-86_400i64).to_be_bytes());
    header.set_cksum();
    builder.append(&header, &b"x"[..]).unwrap();
    let circle = Tar::new()
        .symlink("a", "b")
        .symlink("b", "a")
        .file("a/lost", b"x")
        .bytes();
    let layout = image(
        &place.path().join("image"),
        &[builder.into_inner().unwrap(), circle],
    );
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(ok && said.contains("1 entries left out"), "{said}");
    let mode = fs::metadata(out.join("tmp")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o1777);
    use std::os::unix::fs::MetadataExt as _;
    assert_eq!(fs::metadata(out.join("old")).unwrap().mtime(), -86_400);
    let output = porthole(&["files", &layout.reference("it")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("links that lead nowhere: 1"), "{said}");
}

#[test]
fn devices_and_special_bits_are_left_out() {
    let place = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Tar::header(EntryType::Regular, 3);
    header.set_mode(0o4755);
    builder.append_data(&mut header, "su", &b"run"[..]).unwrap();
    for (kind, name) in [
        (EntryType::Char, "null"),
        (EntryType::Block, "disk"),
        (EntryType::Fifo, "pipe"),
    ] {
        let mut header = Tar::header(kind, 0);
        header.set_device_major(1).unwrap();
        header.set_device_minor(3).unwrap();
        builder.append_data(&mut header, name, &[][..]).unwrap();
    }
    let layout = image(
        &place.path().join("image"),
        &[builder.into_inner().unwrap()],
    );
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(ok, "{said}");
    assert_eq!(names(&out), ["su"]);
    let mode = fs::metadata(out.join("su")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert!(said.contains("3 devices and pipes left out"), "{said}");
    assert!(said.contains("1 files without their setuid"), "{said}");
}

#[test]
fn one_file_replaces_a_link_and_does_not_follow_it() {
    let place = tempfile::tempdir().unwrap();
    let layout = image(
        &place.path().join("image"),
        &[Tar::new()
            .file("etc/a", b"content")
            .symlink("l", "etc/a")
            .bytes()],
    );
    let victim = place.path().join("victim");
    fs::write(&victim, "kept").unwrap();
    let out = place.path().join("out");
    std::os::unix::fs::symlink(&victim, &out).unwrap();
    let to = out.to_str().unwrap();
    let (ok, said) = export(&layout, &["--path", "/l", "--force", "--file", to]);
    assert!(ok, "{said}");
    assert_eq!(fs::read(&victim).unwrap(), b"kept");
    assert_eq!(fs::read(&out).unwrap(), b"content");
    assert!(!fs::symlink_metadata(&out).unwrap().is_symlink());
    let (ok, said) = export(&layout, &["--path", "/etc", "--force", "--file", to]);
    assert!(!ok && said.contains("is a folder"), "{said}");
}

#[test]
fn a_tar_stream_has_everything_that_gnu_tar_reads_of_it() {
    let place = tempfile::tempdir().unwrap();
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Tar::header(EntryType::Regular, 4);
    header.set_mode(0o4750);
    header.set_uid(3_000_000);
    builder
        .append_data(&mut header, &long, &b"long"[..])
        .unwrap();
    let mut header = Tar::header(EntryType::Char, 0);
    header.set_device_major(1).unwrap();
    header.set_device_minor(3).unwrap();
    builder.append_data(&mut header, "null", &[][..]).unwrap();
    let mut header = Tar::header(EntryType::Symlink, 0);
    builder
        .append_link(&mut header, "link", "/etc/hostname")
        .unwrap();
    let layout = image(
        &place.path().join("image"),
        &[builder.into_inner().unwrap()],
    );
    let to = place.path().join("all.tar");
    let (ok, said) = export(&layout, &["--tar", to.to_str().unwrap()]);
    assert!(ok, "{said}");
    let listed = process::Command::new("tar")
        .args(["--numeric-owner", "-tvf"])
        .arg(&to)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let has = |words: &[&str]| {
        let mut lines = listed.lines();
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(
        has(&["-rwsr-x---", "3000000/0", &format!("./{long}")]),
        "{listed}"
    );
    assert!(has(&["crw-r--r--", "1,3", "./null"]), "{listed}");
    assert!(has(&["./link -> /etc/hostname"]), "{listed}");
    // the same on the standard output
    let reference = layout.reference("it");
    let output = porthole(&["export-files", &reference, "--tar", "-"]);
    assert_eq!(output.stdout, fs::read(&to).unwrap());
    // a listing of it says the same as one of the image
    let again = super::scan(&output.stdout);
    let file = again
        .entries()
        .find(|entry| entry.path() == long.as_bytes());
    assert_eq!(file.unwrap().uid(), 3_000_000);
}

#[test]
fn a_damaged_image_is_not_written_as_if_it_were_whole() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new().file("a", b"content").bytes();
    let layout = image(&place.path().join("image"), std::slice::from_ref(&layer));
    let path = layout.blob_path(&porthole::model::Digest::sha256(&layer));
    let mut bytes = layer;
    bytes[512] ^= 1;
    fs::write(path, bytes).unwrap();
    let out = place.path().join("out");
    let (ok, said) = export(&layout, &[out.to_str().unwrap()]);
    assert!(
        !ok && said.contains("is not what the manifest says"),
        "{said}"
    );
    assert!(!out.exists());
}

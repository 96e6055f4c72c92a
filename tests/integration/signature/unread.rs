//! Everything that can go wrong while signatures are looked for, in every place where they are
//! kept: that is "cannot say", and never that nothing is signed.

use std::path::Path;

use porthole::model::{Descriptor, Digest, MediaType, referrers_tag};
use serde_json::{Value, json};

use super::cli::fixture;
use super::forms::{Place, bundle, judged};
use super::listed::{Folder, manifest};
use super::made::{self, BUNDLE, Key};
use crate::support::registry::{Fault, ReferrersApi, Registry};

/// Many cases at once: most of their time is spent in waiting before something is tried again.
fn each<T: Sync>(cases: &[T], check: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(8)) {
            scope.spawn(|| part.iter().for_each(&check));
        }
    });
}

fn json(body: &str) -> Fault {
    Fault::answer(200, "application/json", body)
}

/// What a server does wrong, whatever it was asked for.
fn broken() -> Vec<Fault> {
    let mut faults: Vec<_> = [401, 403, 410, 418, 429, 500, 502, 503]
        .map(Fault::status)
        .into();
    faults.extend([
        Fault::Close,
        Fault::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec()),
        Fault::redirect(302, "http://169.254.169.254/"),
        Fault::Endless { said: None },
    ]);
    faults
}

/// The same, and what is no JSON of the kind that is wanted.
fn nonsense() -> Vec<Fault> {
    let html = Fault::answer(200, "text/html", "<!DOCTYPE html><title>Log in</title>");
    let bodies = ["", "{", "null", "[]", "{}"].map(json);
    broken().into_iter().chain(bodies).chain([html]).collect()
}

/// The same, and other bytes than those that were named.
fn damaged() -> Vec<Fault> {
    let more = [Fault::status(404), Fault::Corrupt, Fault::CutAfter(10)];
    nonsense().into_iter().chain(more).collect()
}

/// The same, for a manifest under a tag that the registry's own list of tags has.
fn named() -> Vec<Fault> {
    let other = Digest::sha256(b"something else").to_string();
    let more = [
        Fault::status(400),
        Fault::status(405),
        Fault::status(406),
        Fault::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        Fault::header("Docker-Content-Digest", &other),
    ];
    damaged().into_iter().chain(more).collect()
}

/// How an image in a registry is judged by another key than the one that signed.
fn verdict(registry: &Registry, key: &str) -> (Option<i32>, Value) {
    // whoever was asked before has not left anything behind
    let home = tempfile::tempdir().unwrap();
    judged(
        home.path(),
        &registry.reference("team/app:app"),
        &["--key", key],
    )
}

/// What refers to the image stands in the list under the fallback tag.
fn listed_by_tag(registry: &Registry, place: &Place, referrer: &Descriptor) {
    let index = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [{
            "mediaType": referrer.media_type, "digest": referrer.digest, "size": referrer.size,
            "artifactType": BUNDLE,
        }],
    });
    let tag = referrers_tag(&place.image.digest);
    let bytes = index.to_string();
    registry.put_manifest(
        "team/app",
        Some(&tag),
        MediaType::OCI_INDEX,
        bytes.as_bytes(),
    );
}

/// The first layer of a manifest in the layout.
fn layer_of(place: &Place, manifest: &Descriptor) -> String {
    let bytes = std::fs::read(place.layout.blob_path(&manifest.digest)).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    value["layers"][0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_registry_does_not_give_is_never_taken_for_unsigned() {
    let mut place = Place::new();
    let layer = place.cosign_layer(&Key::new());
    let payload = layer["digest"].as_str().unwrap().to_owned();
    place.tagged("sig", vec![layer]);
    let tag = format!("{}.sig", place.image.digest.to_string().replace(':', "-"));
    let key = place.key_file("mine.pub", &Key::new());
    let start = || {
        let registry = Registry::with_referrers(ReferrersApi::Whole { page: 100 });
        registry.put_layout("team/app", place.layout.folder());
        registry
    };
    let (code, report) = verdict(&start(), &key);
    assert_eq!(code, Some(3), "{report:#}");
    assert_eq!(report["verdict"], "rejected", "{report:#}");
    let mut cases = Vec::new();
    for (at, faults) in [
        // what the referrers API says
        (format!("/referrers/{}", place.image.digest), nonsense()),
        // the manifest under cosign's tag, and what it names
        (format!("/manifests/{tag}"), named()),
        (format!("/blobs/{payload}"), damaged()),
    ] {
        cases.extend(faults.into_iter().map(|fault| (at.clone(), fault)));
    }
    each(&cases, |(at, fault)| {
        let registry = start();
        registry.fault(at, fault.clone());
        let (code, report) = verdict(&registry, &key);
        assert_eq!(code, Some(1), "{at}, {fault:?}: {report:#}");
        assert_eq!(
            report["verdict"], "cannotSay",
            "{at}, {fault:?}: {report:#}"
        );
    });
}

/// Where there is no referrers API: the list under a tag, what it names, and the list of tags.
#[test]
fn faults_of_the_fallback_tag_and_of_the_list_of_tags_are_never_taken_for_unsigned() {
    let mut place = Place::new();
    let referrer = bundle(&mut place, &Key::new(), BUNDLE, true);
    let layer = layer_of(&place, &referrer);
    let tag = referrers_tag(&place.image.digest);
    let key = place.key_file("mine.pub", &Key::new());
    let start = || {
        let registry = Registry::start();
        registry.put_layout("team/app", place.layout.folder());
        registry
    };
    // without the list there is nothing; with it somebody else has signed
    let unsigned = start();
    assert_eq!(verdict(&unsigned, &key).1["verdict"], "unsigned");
    listed_by_tag(&unsigned, &place, &referrer);
    assert_eq!(verdict(&unsigned, &key).1["verdict"], "rejected");

    let index = |entries: Value| {
        let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
        Fault::answer(200, MediaType::OCI_INDEX, &index)
    };
    let mut lists = named();
    lists.extend([
        index(json!(7)),
        index(json!([null])),
        index(json!([{"mediaType": MediaType::OCI_MANIFEST, "digest": "sha256:no", "size": 1}])),
        Fault::answer(200, MediaType::OCI_MANIFEST, &manifest("x").to_string()),
    ]);
    let (fallback, tags) = (format!("/manifests/{tag}"), "/tags/list".to_owned());
    let mut cases = Vec::new();
    for (at, faults) in [
        (fallback.clone(), lists),
        (format!("/manifests/{}", referrer.digest), damaged()),
        (format!("/blobs/{layer}"), damaged()),
    ] {
        let faults = faults.into_iter();
        cases.extend(faults.map(|fault| (vec![(at.clone(), fault)], false)));
    }
    // a list of tags that cannot be read is no empty one: each tag is asked for, or nothing said
    let mut odd = nonsense();
    odd.extend([
        Fault::status(400),
        Fault::status(404),
        Fault::status(405),
        Fault::CutAfter(10),
        json(r#"{"name":"team/app"}"#),
        json(r#"{"tags":"app"}"#),
        json(r#"{"tags":{"app":1}}"#),
        json(&json!({"tags": ["app", {"name": tag}]}).to_string()),
        json(&json!({"tags": [["app", tag]]}).to_string()),
        json(r#"{"tags":["app"]}"#).with_header("Link", "<http://elsewhere.example/x>; rel=next"),
    ]);
    for fault in odd {
        let list = (tags.clone(), fault);
        cases.push((vec![list.clone()], true));
        cases.push((vec![list, (fallback.clone(), Fault::status(500))], false));
    }
    each(&cases, |(faults, may_be_found)| {
        let registry = start();
        listed_by_tag(&registry, &place, &referrer);
        for (at, fault) in faults {
            registry.fault(at, fault.clone());
        }
        let (code, report) = verdict(&registry, &key);
        let found = *may_be_found && report["verdict"] == "rejected" && code == Some(3);
        let unsaid = report["verdict"] == "cannotSay" && code == Some(1);
        assert!(found || unsaid, "{faults:?}: {report:#}");
    });
}

/// A registry with an unsigned image, and the settings that name a lookaside for it.
struct Aside {
    home: tempfile::TempDir,
    registry: Registry,
    image: Digest,
}

impl Aside {
    fn new(lookaside: impl FnOnce(&Path) -> String) -> Self {
        let place = Place::new();
        let registry = Registry::with_referrers(ReferrersApi::Whole { page: 100 });
        registry.put_layout("team/app", place.layout.folder());
        let home = tempfile::tempdir().unwrap();
        let settings = home.path().join(".config/containers/registries.d");
        std::fs::create_dir_all(&settings).unwrap();
        let address = lookaside(home.path());
        let host = registry.host();
        let yaml = format!("docker:\n  {host}:\n    lookaside: {address}\n");
        std::fs::write(settings.join("own.yaml"), yaml).unwrap();
        Self {
            home,
            registry,
            image: place.image.digest,
        }
    }

    /// `team/app@sha256=<hex>`.
    fn folder(&self) -> String {
        format!("team/app@sha256={}", self.image.hex())
    }

    fn verdict(&self) -> (Option<i32>, Value) {
        let image = self.registry.reference("team/app:app");
        let key = fixture("keys/gpg-pub.asc");
        let name = "registry.example.org/fix/busybox:amd64";
        let arguments = ["--key", &key, "--signed-name", name];
        judged(self.home.path(), &image, &arguments)
    }
}

#[test]
fn faults_of_a_lookaside_on_the_web_are_never_taken_for_unsigned() {
    let aside = |lookaside: &Registry| {
        let address = lookaside.url("/signatures");
        Aside::new(|_| address)
    };
    let lookaside = Registry::start();
    let (code, report) = aside(&lookaside).verdict();
    assert_eq!(code, Some(3), "{report:#}");
    assert_eq!(report["verdict"], "unsigned", "{report:#}");
    let message = std::fs::read(fixture("simple-signing-dir/signature-1")).unwrap();
    let message = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: message,
    };
    // what is not there may come with any page; what is there has its limit. The first
    // signature, and the one behind a signature of something else
    let mut faults = broken();
    faults.pop();
    let long = b"HTTP/1.1 200 OK\r\n\r\n".iter().copied();
    let long = long.chain(std::iter::repeat_n(b' ', 5 << 20)).collect();
    faults.push(Fault::Bytes(long));
    let cases = faults
        .into_iter()
        .flat_map(|fault| [(1, fault.clone()), (2, fault)]);
    let cases: Vec<_> = cases.collect();
    each(&cases, |(number, fault)| {
        let lookaside = Registry::start();
        let aside = aside(&lookaside);
        let name = |number| format!("/signatures/{}/signature-{number}", aside.folder());
        if *number == 2 {
            lookaside.fault(&name(1), message.clone());
        }
        lookaside.fault(&name(*number), fault.clone());
        let (code, report) = aside.verdict();
        assert_eq!(code, Some(1), "{number}, {fault:?}: {report:#}");
        assert_eq!(
            report["verdict"], "cannotSay",
            "{number}, {fault:?}: {report:#}"
        );
    });
    // pages in place of what is not there are no signatures, and not nothing either
    let page = Registry::start();
    page.fault("/signatures/", Fault::answer(200, "text/html", "<p>gone"));
    let (_, report) = aside(&page).verdict();
    assert_eq!(report["verdict"], "cannotSay", "{report:#}");
}

#[test]
fn addresses_of_lookasides_that_lead_nowhere_are_never_taken_for_unsigned() {
    for address in [
        "ftp://127.0.0.1/x",
        "signatures",
        "http://127.0.0.1:1/x",
        "[x",
    ] {
        let (code, report) = Aside::new(|_| address.to_owned()).verdict();
        assert_eq!(code, Some(1), "{address}: {report:#}");
        assert_eq!(report["verdict"], "cannotSay", "{address}: {report:#}");
    }
}

/// Something that is put into a folder where signatures are looked for, in place of the first.
type Wrong = (&'static str, fn(&Path, &str));

const WRONG: &[Wrong] = &[
    ("a folder", |at, first| {
        std::fs::create_dir(at.join(first)).unwrap();
    }),
    ("too large", |at, first| {
        let file = std::fs::File::create(at.join(first)).unwrap();
        file.set_len(1 << 30).unwrap();
    }),
    ("a gap", |at, first| {
        let second = first.replace("signature-1", "signature-2");
        std::fs::write(at.join(second), "behind it").unwrap();
    }),
    #[cfg(unix)]
    ("a link to nothing", |at, first| {
        std::os::unix::fs::symlink(at.join("gone"), at.join(first)).unwrap();
    }),
    #[cfg(unix)]
    ("a link to itself", |at, first| {
        std::os::unix::fs::symlink(at.join(first), at.join(first)).unwrap();
    }),
    #[cfg(unix)]
    ("a pipe", |at, first| {
        let pipe = at.join(first);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        // whoever waits for it is let go after a while, and then has read nothing
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_secs(20));
            let _ = std::fs::OpenOptions::new().write(true).open(pipe);
        });
    }),
];

#[test]
fn faults_of_a_lookaside_folder_are_never_taken_for_unsigned() {
    let at = |home: &Path| format!("file://{}/signatures", home.display());
    let folder = |aside: &Aside| aside.home.path().join("signatures").join(aside.folder());
    // neither a folder that is not there nor an empty one has any
    let none = Aside::new(at);
    assert_eq!(none.verdict().1["verdict"], "unsigned");
    std::fs::create_dir_all(folder(&none)).unwrap();
    std::fs::write(folder(&none).join("signature-0"), "no number").unwrap();
    assert_eq!(none.verdict().1["verdict"], "unsigned");
    each(WRONG, |(what, put)| {
        let aside = Aside::new(at);
        std::fs::create_dir_all(folder(&aside)).unwrap();
        put(&folder(&aside), "signature-1");
        let (code, report) = aside.verdict();
        assert_eq!(code, Some(1), "{what}: {report:#}");
        assert_eq!(report["verdict"], "cannotSay", "{what}: {report:#}");
    });
    // a file in place of the folder of the image
    let aside = Aside::new(at);
    std::fs::create_dir_all(folder(&aside).parent().unwrap()).unwrap();
    std::fs::write(folder(&aside), "no folder").unwrap();
    assert_eq!(aside.verdict().1["verdict"], "cannotSay");
}

#[test]
fn faults_of_files_beside_an_image_are_never_taken_for_unsigned() {
    let image = || {
        let at = Folder::new();
        let digest = at.root(&manifest("an image").to_string());
        (at, digest)
    };
    let verdict = |at: &Folder| {
        let key = at.folder.path().join("key.pub");
        std::fs::write(&key, super::listed::pem(Key::new().public.der())).unwrap();
        let image = format!("dir:{}", at.folder.path().display());
        judged(at.folder.path(), &image, &["--key", key.to_str().unwrap()])
    };
    let (none, _) = image();
    assert_eq!(verdict(&none).1["verdict"], "unsigned");
    // signed by somebody, before a gap
    let found = made::legacy(&none.key, &made::payload("sha256:x"));
    none.put("signature-1", &super::listed::file(&found));
    none.put("signature-3", b"behind a gap");
    assert_eq!(verdict(&none).1["verdict"], "rejected");
    each(WRONG, |(what, put)| {
        for own in [true, false] {
            let (at, digest) = image();
            let first = match own {
                true => "signature-1".to_owned(),
                false => format!("{}.signature-1", digest.hex()),
            };
            put(at.folder.path(), &first);
            let (code, report) = verdict(&at);
            assert_eq!(code, Some(1), "{what}, {first}: {report:#}");
            assert_eq!(report["verdict"], "cannotSay", "{what}, {first}");
        }
    });
}

//! References: Docker's grammar (distribution `reference`), and those with a prefix.

use std::path::PathBuf;

use porthole::model::{
    Digest, ImageName, PathReference, Reference, ReferenceError, RegistryReference, Transport,
};
use proptest::prelude::*;

use super::digest;

fn parse(text: &str) -> Result<RegistryReference, ReferenceError> {
    text.parse()
}

#[test]
fn registry_references_in_full() {
    let f = digest('f');
    let sha512 = format!("sha512:{}", "f".repeat(128));
    let long_name = "a/".repeat(127) + "a";
    let cases = [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.37", "docker.io/library/busybox:1.37"),
        ("library/busybox", "docker.io/library/busybox:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        (
            "index.docker.io/busybox",
            "docker.io/library/busybox:latest",
        ),
        (
            "INDEX.Docker.io/busybox",
            "docker.io/library/busybox:latest",
        ),
        ("registry-1.docker.io/a/b", "docker.io/a/b:latest"),
        (
            "docker.io/library/foo/bar",
            "docker.io/library/foo/bar:latest",
        ),
        ("foo/bar", "docker.io/foo/bar:latest"),
        ("test_com/foo", "docker.io/test_com/foo:latest"),
        ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"),
        // one part is never a host
        ("test.com:tag", "docker.io/library/test.com:tag"),
        ("192.168.1.1:5000", "docker.io/library/192.168.1.1:5000"),
        ("localhost", "docker.io/library/localhost:latest"),
        // hosts: a dot, a port, `localhost`, an upper case letter, brackets
        ("test.com/repo:tag", "test.com/repo:tag"),
        ("test:5000/repo", "test:5000/repo:latest"),
        ("localhost/repo", "localhost/repo:latest"),
        ("localhost:5000/repo:tag", "localhost:5000/repo:tag"),
        ("Localhost/repo", "localhost/repo:latest"),
        ("Uppercase/lowercase:tag", "Uppercase/lowercase:tag"),
        ("Registry.Example.com/a", "registry.example.com/a:latest"),
        ("test-com:8080/foo", "test-com:8080/foo:latest"),
        ("192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050"),
        ("[::1]/repo", "[::1]/repo:latest"),
        ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"),
        (
            "xn--n3h.com/myimage:xn--n3h.com",
            "xn--n3h.com/myimage:xn--n3h.com",
        ),
        (
            "b.gcr.io/test.example.com/my-app:test.example.com",
            "b.gcr.io/test.example.com/my-app:test.example.com",
        ),
        (
            "lowercase:Uppercase",
            "docker.io/library/lowercase:Uppercase",
        ),
        // separators inside of a part
        ("a/b.c_d__e---f", "docker.io/a/b.c_d__e---f:latest"),
        ("d/docker", "docker.io/d/docker:latest"),
        // the digest decides; a tag beside it is kept
        (
            &format!("busybox@{f}"),
            &format!("docker.io/library/busybox@{f}"),
        ),
        (
            &format!("test:5000/repo:tag@{f}"),
            &format!("test:5000/repo:tag@{f}"),
        ),
        (&format!("a.b/c@{sha512}"), &format!("a.b/c@{sha512}")),
        // 255 characters of name, 128 of tag
        (
            &format!("h.com/{long_name}:t"),
            &format!("h.com/{long_name}:t"),
        ),
        (
            &format!("a:{}", "t".repeat(128)),
            &format!("docker.io/library/a:{}", "t".repeat(128)),
        ),
        // 63 hexadecimal characters are a name, and so are 64 behind a host
        (
            &"a".repeat(63),
            &format!("docker.io/library/{}:latest", "a".repeat(63)),
        ),
        (
            &format!("docker.io/{}", "a".repeat(64)),
            &format!("docker.io/library/{}:latest", "a".repeat(64)),
        ),
    ];
    for (text, expected) in cases {
        let reference = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(reference.to_string(), expected, "{text}");
    }
}

#[test]
fn texts_that_are_no_registry_references() {
    type Check = fn(&ReferenceError) -> bool;
    let host: Check = |e| matches!(e, ReferenceError::Host(_));
    let repository: Check = |e| matches!(e, ReferenceError::Repository(_));
    let tag: Check = |e| matches!(e, ReferenceError::Tag(_));
    let digest: Check = |e| matches!(e, ReferenceError::Digest(_));
    let control: Check = |e| matches!(e, ReferenceError::Control(_));
    let image_id: Check = |e| matches!(e, ReferenceError::ImageId);
    let long: Check = |e| matches!(e, ReferenceError::RepositoryTooLong(257));
    let f = super::digest('f');
    let cases: Vec<(String, Check)> = [
        (":justtag", repository),
        ("Uppercase:tag", repository),
        ("test:5000/Uppercase/lowercase:tag", repository),
        ("docker/Docker", repository),
        ("aa/asdf$$^/aa", repository),
        ("-docker", repository),
        ("docker-/docker", repository),
        ("____/____", repository),
        ("x/dock..er/docker", repository),
        ("x/dock_.er/docker", repository),
        ("x/dock-.er/docker", repository),
        ("dock___er/docker", repository),
        ("docker/", repository),
        ("docker///docker", repository),
        ("docker.io/docker///docker", repository),
        ("a/../b", repository),
        ("../etc/passwd", host),
        (" busybox", repository),
        ("busy box", repository),
        ("bücher", repository),
        ("busybox\u{202e}", repository),
        ("-docker.io/docker/docker", host),
        ("a..b/c", host),
        ("dock-.er/docker", host),
        ("foo_bar.com/x", host),
        ("host:99999/x", host),
        ("host:/x", host),
        ("host:05000/x", host),
        ("[::1]:05000/x", host),
        ("host:12a/x", host),
        ("[::1/x", host),
        ("[::1]x/y", host),
        ("[fe80::1%eth0]:5000/x", host),
        ("user:secret@example.com/x", digest),
        ("https://github.com/docker/docker", host),
        ("busybox:", tag),
        ("busybox:-foo", tag),
        ("busybox:.foo", tag),
        ("busybox:a b", tag),
        ("busybox:é", tag),
        ("busybox@", digest),
        ("busybox@sha256:ffff", digest),
        ("busybox@md5:ffffffffffffffffffffffffffffffff", digest),
        ("busy\nbox", control),
        ("busybox\0", control),
    ]
    .into_iter()
    .map(|(text, check)| (text.to_owned(), check))
    .chain([
        (format!("@{f}"), repository),
        (format!("busybox@{f}@{f}"), digest),
        (format!("busybox:{}", "t".repeat(129)), tag),
        (format!("h.com/{}a", "a/".repeat(128)), long),
        ("a".repeat(64), image_id),
        (f, image_id),
    ])
    .collect();
    for (text, check) in cases {
        match parse(&text) {
            Ok(reference) => panic!("{text:?} was read as {reference}"),
            Err(error) => {
                assert!(check(&error), "{text:?}: {error:?}");
                assert!(!error.hint().is_empty());
            }
        }
    }
    assert_eq!(parse(""), Err(ReferenceError::Empty));
    assert_eq!(parse(&"a".repeat(8193)), Err(ReferenceError::TooLong(8193)));
}

#[test]
fn parts_of_a_registry_reference() {
    let digest: Digest = digest('a').parse().unwrap();
    let reference = parse(&format!("Example.com:5000/team/app:1.0@{digest}")).unwrap();
    assert_eq!(reference.host(), "example.com:5000");
    assert_eq!(reference.repository(), "team/app");
    assert_eq!(reference.name(), "example.com:5000/team/app");
    assert_eq!(reference.tag(), Some("1.0"));
    assert_eq!(reference.digest(), Some(&digest));
    assert_eq!(reference.identifier(), digest.to_string());
    assert_eq!(parse("a").unwrap().identifier(), "latest");
    assert_eq!(parse("a:b").unwrap().identifier(), "b");

    let pinned = parse("example.com/app:1.0")
        .unwrap()
        .at_digest(digest.clone());
    assert_eq!(pinned.to_string(), format!("example.com/app@{digest}"));
}

#[test]
fn familiar_names_and_titles() {
    let f = digest('f');
    let cases = [
        ("busybox", "busybox:latest"),
        ("docker.io/library/busybox:1", "busybox:1"),
        ("docker.io/team/app:1", "team/app:1"),
        ("quay.io/team/app:1", "team/app:1"),
        (&format!("busybox:1@{f}"), "busybox:1"),
        (&format!("busybox@{f}"), "busybox@sha256:ffffffff…ffff"),
    ];
    for (text, expected) in cases {
        let reference = parse(text).unwrap();
        assert_eq!(reference.familiar(), expected, "{text}");
        assert_eq!(Reference::Registry(reference).title(), expected, "{text}");
    }
    let path = Reference::parse_prefixed("oci:/images/busybox:1.37");
    assert_eq!(path.unwrap().unwrap().title(), "busybox:1.37");
    let path = Reference::parse_prefixed("dir:/images/busybox");
    assert_eq!(path.unwrap().unwrap().title(), "busybox");
}

#[test]
fn references_with_a_prefix() {
    let path = |transport, path: &str, name: Option<&str>| {
        Ok(Reference::Path(PathReference {
            transport,
            path: PathBuf::from(path),
            name: name.map(|name| match name.strip_prefix('@') {
                Some(position) => ImageName::Position(position.parse().unwrap()),
                None => ImageName::Name(name.to_owned()),
            }),
        }))
    };
    let cases = [
        ("oci:busybox", path(Transport::Oci, "busybox", None)),
        ("oci:busybox:", path(Transport::Oci, "busybox", None)),
        ("oci:/a/b:1.37", path(Transport::Oci, "/a/b", Some("1.37"))),
        (
            "oci:b:docker.io/library/b:1",
            path(Transport::Oci, "b", Some("docker.io/library/b:1")),
        ),
        ("oci:b:@0", path(Transport::Oci, "b", Some("@0"))),
        ("oci:b:@12", path(Transport::Oci, "b", Some("@12"))),
        ("oci:../b:a b", path(Transport::Oci, "../b", Some("a b"))),
        (
            "oci-archive:b.tar:x",
            path(Transport::OciArchive, "b.tar", Some("x")),
        ),
        ("dir:/a/b", path(Transport::Dir, "/a/b", None)),
        (
            "docker-archive:b.tar:@1",
            path(Transport::DockerArchive, "b.tar", Some("@1")),
        ),
        (
            "docker-daemon:busybox:1",
            Ok(Reference::Daemon("busybox:1".to_owned())),
        ),
        (
            "docker://busybox",
            Ok(Reference::Registry(parse("busybox").unwrap())),
        ),
        ("oci:", Err(ReferenceError::NoPath("oci"))),
        ("oci::name", Err(ReferenceError::NoPath("oci"))),
        ("oci:b:@", Err(ReferenceError::Position("@".to_owned()))),
        ("oci:b:@x", Err(ReferenceError::Position("@x".to_owned()))),
        ("oci:b:@-1", Err(ReferenceError::Position("@-1".to_owned()))),
        ("oci:b:@+1", Err(ReferenceError::Position("@+1".to_owned()))),
        (
            "oci:b:@99999999999999999999999",
            Err(ReferenceError::Position(
                "@99999999999999999999999".to_owned(),
            )),
        ),
        ("oci:b\u{7}:x", Err(ReferenceError::Control(7))),
        (
            "dir:/a:name",
            Err(ReferenceError::DirName("name".to_owned())),
        ),
        ("docker-daemon:", Err(ReferenceError::Empty)),
        ("docker://", Err(ReferenceError::Empty)),
        (
            "docker://Busybox",
            Err(ReferenceError::Repository("Busybox".to_owned())),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Reference::parse_prefixed(text), Some(expected), "{text}");
    }
    // `docker:` without slashes is an image called docker; others are nobody's prefix
    for text in [
        "docker:24",
        "busybox",
        "OCI:x",
        "ocidir://x",
        "https://x/y",
        "/a:b",
        "",
    ] {
        assert_eq!(Reference::parse_prefixed(text), None, "{text}");
    }
}

#[test]
fn an_overlong_path_reference_is_refused() {
    let text = format!("oci:{}", "a".repeat(9000));
    let parsed = Reference::parse_prefixed(&text);
    assert_eq!(parsed, Some(Err(ReferenceError::TooLong(9004))));
}

fn registry_text() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        Just(String::new()),
        "[a-z]{1,5}\\.[a-z]{2,3}/",
        "[a-z]{1,5}:[1-9][0-9]{0,3}/",
        Just("localhost/".to_owned()),
        Just("[::1]:5000/".to_owned()),
        Just("[fc00::1]/".to_owned()),
    ];
    let part = "[a-z0-9]{1,4}((\\.|_|__|-|--)[a-z0-9]{1,3}){0,2}";
    let path = proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let tag = prop_oneof![Just(String::new()), ":[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}"];
    let digest = prop_oneof![
        Just(String::new()),
        "@sha256:[0-9a-f]{64}",
        "@sha512:[0-9a-f]{128}"
    ];
    (host, path, tag, digest).prop_map(|(host, path, tag, digest)| {
        let path = match path.split_once('/') {
            // without a host, a first part with a dot would be one
            Some((first, rest)) if host.is_empty() => format!("{}/{rest}", first.replace('.', "-")),
            _ => path,
        };
        host + &path + &tag + &digest
    })
}

proptest! {
    #[test]
    fn what_the_grammar_makes_is_read_and_its_full_form_stands_still(text in registry_text()) {
        let reference = parse(&text).unwrap();
        let full = reference.to_string();
        let again = parse(&full).unwrap();
        prop_assert_eq!(again.to_string(), full);
        prop_assert_eq!(again.identifier(), reference.identifier());
        prop_assert_eq!(again.name(), reference.name());
        if reference.tag().is_some() || reference.digest().is_some() {
            prop_assert_eq!(&again, &reference);
        }
        let prefixed = Reference::Registry(again.clone()).to_string();
        prop_assert_eq!(
            Reference::parse_prefixed(&prefixed),
            Some(Ok(Reference::Registry(again)))
        );
    }

    #[test]
    fn path_references_are_read_as_they_were_written(
        path in "/?[a-zA-Z0-9._ -]{1,10}(/[a-zA-Z0-9._ -]{1,10}){0,3}",
        name in proptest::option::of("[a-zA-Z0-9./:_ -]{1,20}|@[0-9]{1,4}"),
        transport in prop_oneof![Just(Transport::Oci), Just(Transport::OciArchive), Just(Transport::DockerArchive)],
    ) {
        let text = format!("{}:{path}{}", transport.prefix(), name.map(|n| format!(":{n}")).unwrap_or_default());
        let reference = Reference::parse_prefixed(&text).unwrap().unwrap();
        prop_assert_eq!(reference.transport(), transport);
        prop_assert_eq!(Reference::parse_prefixed(&reference.to_string()), Some(Ok(reference)));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = parse(&text);
        let _ = Reference::parse_prefixed(&text);
        let _ = Reference::parse_prefixed(&format!("oci:{text}"));
    }

    #[test]
    fn a_reference_that_was_read_holds_nothing_that_could_leave_its_place(text in "[a-zA-Z0-9./:@_\\[\\]%?#& -]{1,40}") {
        if let Ok(reference) = parse(&text) {
            for part in reference.repository().split('/') {
                prop_assert!(!part.is_empty() && part != "." && part != "..");
            }
            prop_assert!(!reference.repository().contains(['?', '#', '%', ' ', '@']));
            prop_assert!(!reference.host().contains(['/', '?', '#', '%', ' ', '@']));
        }
    }
}

//! Several names of one copy.

use porthole::copy::{CopyOptions, check};

use super::{app, at, busybox, copy, digest, no_referrers, open, prepare};

#[tokio::test]
async fn an_image_gets_several_names() {
    let folder = tempfile::tempdir().unwrap();
    let options = CopyOptions {
        also: vec!["y".to_owned(), "z".to_owned(), "y".to_owned()],
        ..CopyOptions::default()
    };
    copy(
        &busybox(),
        &at("oci", folder.path(), "z"),
        &CopyOptions::default(),
    )
    .await;
    let to = at("oci", folder.path(), "x");
    let prepared = prepare(&app(), &to, &options).await.unwrap();
    let text = prepared.plan.text(&[]);
    assert!(text.contains("Also   y\n"), "{text}");
    assert!(
        text.contains("Also   z, which stands for sha256:"),
        "{text}"
    );
    assert!(
        prepared
            .plan
            .command_line(&[])
            .contains("--also=y --also=z")
    );
    prepared.run().await.unwrap();
    for name in ["x", "y", "z"] {
        let to = at("oci", folder.path(), name);
        assert_eq!(digest(&to).await, digest(&app()).await, "{name}");
    }
    assert!(prepare(&app(), &to, &options).await.unwrap().plan.is_done());
    let options = CopyOptions {
        also: vec!["new".to_owned()],
        ..CopyOptions::default()
    };
    let report = copy(&app(), &to, &options).await;
    assert_eq!(
        digest(&at("oci", folder.path(), "new")).await,
        digest(&app()).await
    );
    // the report has them, and they are looked at later
    let [name] = report.names.as_slice() else {
        panic!("{:?}", report.names);
    };
    assert_eq!((name.name.as_str(), &name.replaced), ("new", &None));
    let called = |name: &str| Some(open(&at("oci", folder.path(), name)));
    let wrong = async |report: &porthole::copy::Report| {
        let items = check(report, open(&to), called).await;
        let wrong = items.into_iter().filter(|item| item.problem.is_some());
        wrong
            .map(|item| (item.what, item.problem))
            .collect::<Vec<_>>()
    };
    assert_eq!(wrong(&report).await, []);
    let new = at("oci", folder.path(), "new");
    let options = CopyOptions {
        also: vec!["z".to_owned()],
        ..CopyOptions::default()
    };
    let moved = copy(&busybox(), &new, &options).await;
    let there = digest(&app()).await;
    assert_eq!(moved.names[0].replaced.as_ref(), Some(&there));
    let now = format!("it stands for {} now", digest(&busybox()).await);
    assert_eq!(wrong(&report).await, [("name new".to_owned(), Some(now))]);
    // also where no manifest is kept
    let archive = folder.path().join("a.tar");
    let to = at("docker-archive", &archive, "a:1");
    let options = CopyOptions {
        also: vec!["a:2".to_owned()],
        ..no_referrers()
    };
    let report = copy(&busybox(), &to, &options).await;
    let called = |name: &str| Some(open(&at("docker-archive", &archive, name)));
    let items = check(&report, open(&to), called).await;
    assert!(items.iter().any(|item| item.what == "name a:2"));
    assert!(items.iter().all(|item| item.problem.is_none()), "{items:?}");
    let called = |_: &str| Some(open(&at("docker-archive", &archive, "a:3")));
    let items = check(&report, open(&to), called).await;
    let lost: Vec<_> = items.iter().filter(|item| item.problem.is_some()).collect();
    assert!(
        matches!(lost.as_slice(), [name] if name.what == "name a:2"),
        "{lost:?}"
    );
}

//! Lists in pages, as registries give them.

use std::time::Duration;

use porthole::transport::{ListingOutcome, Problem};

use crate::support::referrer::{
    SIMPLE_SIGNING, SPDX, cosign, expected, fallback, lines, manifest, put, put_image, source, tree,
};
use crate::support::registry::{Fault, ReferrersApi, Registry, Setup, TagPages};

/// A registry whose API gives two referrers to a page, and an image with five.
fn paged() -> (Registry, porthole::model::Descriptor) {
    let registry = Registry::with_referrers(ReferrersApi::Whole { page: 2 });
    let image = put_image(&registry);
    for mark in ["a", "b", "c", "d", "e"] {
        put(&registry, None, &manifest(SPDX, &image, mark));
    }
    (registry, image)
}

fn pages_of(registry: &Registry, path: &str) -> usize {
    let lines = registry.lines();
    lines.iter().filter(|line| line.contains(path)).count()
}

#[tokio::test]
async fn all_pages_of_referrers_are_read() {
    let (registry, image) = paged();
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(
        (tree.len(), tree.outcome()),
        (5, Some(ListingOutcome::Listed))
    );
    assert_eq!(
        pages_of(&registry, &format!("/referrers/{}", image.digest)),
        3
    );
}

#[tokio::test]
async fn a_link_may_be_absolute_but_lead_nowhere_else() {
    let other = Registry::start();
    let (registry, image) = paged();
    let path = format!("/v2/name/referrers/{}?from=4", image.digest);
    for (address, found) in [
        (registry.url(&path), Some(3)),
        // what knows its own scheme wrongly
        (registry.url(&path).replace("http:", "https:"), Some(3)),
        (path.clone(), Some(3)),
        (other.url(&path), None),
        (format!("//{}{path}", other.host()), None),
        (registry.url(&path).replace("//", "//user:word@"), None),
    ] {
        let link = Fault::header("Link", &format!("<{address}>; rel=\"next\""));
        registry.fault_times(&format!("/referrers/{}", image.digest), 1, link);
        let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
        let problems: Vec<_> = tree.problems().map(|error| error.problem.clone()).collect();
        match found {
            Some(count) => assert_eq!((tree.len(), problems.len()), (count, 0), "{address}"),
            None => {
                assert_eq!(tree.outcome(), Some(ListingOutcome::NotRead), "{address}");
                assert!(
                    matches!(problems[0], Problem::Address { .. }),
                    "{problems:?}"
                );
            }
        }
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn pages_in_a_circle_end() {
    let (registry, image) = paged();
    let path = format!("/v2/name/referrers/{}", image.digest);
    let circle = Fault::header("Link", &format!("<{path}>; rel=\"next\""));
    registry.fault(&path, circle);
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(
        (tree.len(), tree.outcome()),
        (2, Some(ListingOutcome::NotRead))
    );
    assert_eq!(pages_of(&registry, &path), 1);
}

#[tokio::test]
async fn a_later_page_that_is_refused_is_not_the_lack_of_an_api() {
    let (registry, image) = paged();
    registry.fault("?from=2", Fault::status(404));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(
        (tree.len(), tree.outcome()),
        (2, Some(ListingOutcome::NotRead))
    );
}

/// How many tags that are made of the digest were asked for.
fn single(registry: &Registry, image: &porthole::model::Descriptor) -> usize {
    pages_of(registry, &format!("/manifests/{}", fallback(image)))
}

/// A registry with `count` tags and then cosign's, which is the last by name.
fn tagged(count: usize, tags: TagPages) -> (Registry, porthole::model::Descriptor, String) {
    let registry = Registry::start_with(Setup {
        tags,
        ..Setup::default()
    });
    let image = put_image(&registry);
    for number in 0..count {
        put(
            &registry,
            Some(&format!("a{number:05}")),
            &cosign(SPDX, "many"),
        );
    }
    let tag = format!("{}.sig", fallback(&image));
    let signature = put(&registry, Some(&tag), &cosign(SIMPLE_SIGNING, "signature"));
    let line = expected(0, "cosign signature", &signature);
    (registry, image, line)
}

#[tokio::test]
async fn tags_are_listed_in_every_dialect() {
    for (tags, count, requests) in [
        (TagPages::AllAtOnce, 2500, 1),
        // two more: `v1` and cosign's
        (TagPages::AllAtOnce, 998, 2),
        (TagPages::Linked(400), 998, 3),
        (TagPages::Linked(1000), 998, 2),
        (TagPages::Linked(100), 1000, 11),
        (TagPages::Cut, 998, 2),
        (TagPages::Cut, 2500, 3),
        (TagPages::Cut, 10, 1),
    ] {
        let (registry, image, line) = tagged(count, tags);
        let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
        assert_eq!(lines(&tree), [line], "{tags:?} {count}");
        assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
        assert_eq!(
            pages_of(&registry, "/tags/list"),
            requests,
            "{tags:?} {count}"
        );
        assert_eq!(single(&registry, &image), 1, "only what is there");
    }
}

#[tokio::test]
async fn a_list_of_tags_with_junk_in_it_is_survived() {
    let (registry, image, line) = tagged(0, TagPages::AllAtOnce);
    let stem = fallback(&image);
    let digest = &image.digest;
    for (body, found) in [
        (
            format!(r#"{{"tags":[null,7,"","{digest}","../x","{stem}.sig","{stem}.sig"]}}"#),
            1,
        ),
        (r#"{"name":"name","tags":null}"#.to_owned(), 0),
        (r#"{"tags":[]}"#.to_owned(), 0),
    ] {
        registry.forget_faults();
        registry.fault("/tags/list", Fault::answer(200, "application/json", &body));
        let tree = tree(&source(&registry.reference("name:v1")), digest).await;
        assert_eq!(tree.outcome(), Some(ListingOutcome::Listed), "{body}");
        assert_eq!(lines(&tree).len(), found, "{body}");
        if found == 1 {
            assert_eq!(lines(&tree)[0], line);
        }
    }
}

#[tokio::test]
async fn tags_that_come_again_and_again_end_in_asking_for_single_ones() {
    for link in [
        // the same page
        "</v2/name/tags/list?n=1000>; rel=\"next\"".to_owned(),
        // another address, and the same page
        "</v2/name/tags/list?n=1000&page=2>; rel=\"next\"".to_owned(),
    ] {
        let (registry, image, line) = tagged(3, TagPages::AllAtOnce);
        registry.fault("/tags/list", Fault::header("Link", &link));
        let place = source(&registry.reference("name:v1"));
        let tree = tokio::time::timeout(Duration::from_secs(20), tree(&place, &image.digest));
        let tree = tree.await.unwrap();
        assert_eq!(lines(&tree), [line]);
        assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
        assert!(
            pages_of(&registry, "/tags/list") <= 2,
            "{:?}",
            registry.lines()
        );
        assert_eq!(single(&registry, &image), 4);
    }
}

#[tokio::test]
async fn where_tags_fill_many_pages_only_some_are_read() {
    let (registry, image, line) = tagged(300, TagPages::Linked(10));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(lines(&tree), [line]);
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
    assert_eq!(pages_of(&registry, "/tags/list"), 20);
    assert_eq!(single(&registry, &image), 4);
}

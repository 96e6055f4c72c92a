//! Blobs that a registry takes from another of its repositories.

use std::sync::Arc;

use porthole::model::Reference;
use porthole::transport::Mounted;

use super::uploads::{blob, bytes, destination, held, steps};
use super::{client, network};
use crate::support::registry::{Fault, Registry, Writes};

#[tokio::test]
async fn blobs_are_taken_from_other_repositories() {
    let bytes = bytes(5000);
    for (mounts, expected, steps_expected) in [
        (true, Mounted::Yes, vec!["POST"]),
        // the upload that the refusal opened is the one that is used
        (false, Mounted::Written, vec!["POST", "PUT"]),
    ] {
        let registry = Registry::with_writes(Writes {
            mounts,
            ..Writes::default()
        });
        registry.put_blob("team/base", &bytes);
        let to = destination(&client(network()), &registry.reference("team/app:1"));
        let mount = to.mounting().unwrap();
        let from = Reference::parse_prefixed(&registry.reference("team/base:1"));
        let from = mount.can_mount(&from.unwrap().unwrap()).unwrap();
        let payload = Arc::new(bytes.clone());
        let mounted = mount.mount(&blob(&bytes), &from, payload).await.unwrap();
        assert_eq!(mounted, expected);
        assert_eq!(steps(&registry), steps_expected);
        assert!(held(&registry, &bytes));
        let asked = &registry.requests()[0].path;
        assert!(
            asked.contains("?mount=sha256%3A") && asked.ends_with("&from=team/base"),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn where_a_mount_is_refused_the_blob_is_sent() {
    for status in [403, 404, 405, 500] {
        let registry = Registry::with_writes(Writes::default());
        registry.fault_times("?mount=", 1, Fault::status(status));
        let bytes = bytes(100);
        let to = destination(&client(network()), &registry.reference("team/app:1"));
        let mount = to.mounting().unwrap();
        let from = "127.0.0.1:1/team/base".parse().unwrap();
        let payload = Arc::new(bytes.clone());
        let mounted = mount.mount(&blob(&bytes), &from, payload).await.unwrap();
        assert_eq!(mounted, Mounted::Written);
        assert_eq!(steps(&registry), ["POST", "POST", "PUT"], "{status}");
    }
}

#[tokio::test]
async fn nothing_is_mounted_from_another_registry_or_the_same_repository() {
    let client = client(network());
    let to = destination(&client, "docker://r.example.com/team/app:1");
    let mount = to.mounting().unwrap();
    for (from, can) in [
        ("docker://r.example.com/team/base:1", true),
        ("docker://r.example.com/team/app:2", false),
        ("docker://x.example.com/team/base:1", false),
        ("oci:/folder:1", false),
    ] {
        let from = Reference::parse_prefixed(from).unwrap().unwrap();
        assert_eq!(mount.can_mount(&from).is_some(), can, "{from}");
    }
}

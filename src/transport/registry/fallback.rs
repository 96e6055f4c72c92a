//! The list of referrers under a tag, for registries without the API: distribution-spec,
//! "Referrers Tag Schema".
//!
//! A tag cannot be changed only if nobody else changed it, so whoever writes looks again a
//! moment later, and adds what is missing once more: of two that write at once, the one
//! whose entry was overwritten sees it.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::model::{
    Algorithm, Descriptor, Digest, Document, Index, MediaType, RawDocument, RegistryReference,
    referrers_tag,
};
use crate::transport::Problem;

use super::client::Client;
use super::edit::{pause, settle};
use super::fault::Fault;
use super::{manifest, put};

/// How often the list is written before it is given up.
const TRIES: u32 = 12;

/// Adds `referrers` to the list of `subject` and makes sure that they stay in it.
///
/// # Errors
/// Where the registry fails, the tag holds something that is no such list, or others write
/// all the time.
pub(super) async fn add(
    client: &Client,
    image: &RegistryReference,
    subject: &Digest,
    referrers: &[Descriptor],
) -> Result<(), Fault> {
    let tag = referrers_tag(subject);
    let _held = client.hold_tag(image, &tag).await;
    for tried in 0..TRIES {
        let began = Instant::now();
        let there = read(client, image, &tag).await?;
        let Some(merged) = merged(there.as_ref(), referrers)? else {
            return Ok(());
        };
        put::manifest(client, image, &tag, &merged).await?;
        tokio::time::sleep(pause(settle(began.elapsed()), tried > 0)).await;
    }
    Err(Fault::protocol(format!(
        "others write the list of referrers {tag} all the time"
    )))
}

/// Whether the list of `subject` has `referrer` in it; not where something else lies there.
///
/// # Errors
/// Where the registry fails.
pub(super) async fn lists(
    client: &Client,
    image: &RegistryReference,
    subject: &Digest,
    referrer: &Digest,
) -> Result<bool, Fault> {
    let there = read(client, image, &referrers_tag(subject)).await?;
    Ok(there.is_some_and(|there| {
        let document = Document::read(there);
        let mut listed = document.index().into_iter().flat_map(Index::descriptors);
        listed.any(|(_, entry)| entry.digest == *referrer)
    }))
}

/// Takes `referrer` out of the list of `subject`, where there is such a list; whether it was
/// in it. What else is listed stays as it is, and a list that is empty then stays, too: who
/// asks is told that there is nothing.
///
/// # Errors
/// Where the registry fails, the tag holds something that is no such list, or others write
/// all the time.
pub(super) async fn remove(
    client: &Client,
    image: &RegistryReference,
    subject: &Digest,
    referrer: &Digest,
) -> Result<bool, Fault> {
    let tag = referrers_tag(subject);
    let _held = client.hold_tag(image, &tag).await;
    let mut removed = false;
    for _ in 0..TRIES {
        let began = Instant::now();
        let Some(there) = read(client, image, &tag).await? else {
            return Ok(removed);
        };
        let Some(without) = without(&there, referrer)? else {
            return Ok(removed);
        };
        put::manifest(client, image, &tag, &without).await?;
        tokio::time::sleep(pause(settle(began.elapsed()), removed)).await;
        removed = true;
    }
    Err(Fault::protocol(format!(
        "others write the list of referrers {tag} all the time"
    )))
}

/// `there` without `referrer`; nothing where it does not list it.
fn without(there: &RawDocument, referrer: &Digest) -> Result<Option<RawDocument>, Fault> {
    let no_list = || Fault::protocol("what lies under the tag for referrers is no list of them");
    let parsed: Option<Value> = serde_json::from_slice(there.bytes()).ok();
    let mut index = parsed.ok_or_else(no_list)?;
    let Some(entries) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
        return Err(no_list());
    };
    let (before, digest) = (entries.len(), referrer.to_string());
    entries.retain(|entry| entry["digest"] != digest);
    if entries.len() == before {
        return Ok(None);
    }
    let bytes = serde_json::to_vec(&index).expect("a JSON value can be written");
    Ok(Some(RawDocument::hash(
        bytes.into(),
        Algorithm::Sha256,
        MediaType::new(MediaType::OCI_INDEX),
    )))
}

async fn read(
    client: &Client,
    image: &RegistryReference,
    tag: &str,
) -> Result<Option<RawDocument>, Fault> {
    match manifest::tagged(client, image, tag).await {
        Ok((raw, _)) => Ok(Some(raw)),
        Err(fault) if fault.problem == Problem::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// `there` with those of `referrers` that it lacks; nothing where it lacks none. What is in
/// it stays as it is, known here or not.
fn merged(
    there: Option<&RawDocument>,
    referrers: &[Descriptor],
) -> Result<Option<RawDocument>, Fault> {
    let mut index = match there {
        None => json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_INDEX,
            "manifests": [],
        }),
        Some(raw) => {
            let parsed: Option<Value> = serde_json::from_slice(raw.bytes()).ok();
            let parsed = parsed.filter(|value| value.get("manifests").is_some());
            parsed.ok_or_else(|| {
                Fault::protocol("what lies under the tag for referrers is no list of them")
            })?
        }
    };
    if index["manifests"].is_null() {
        index["manifests"] = json!([]);
    }
    let Some(entries) = index["manifests"].as_array_mut() else {
        return Err(Fault::protocol(
            "what lies under the tag for referrers is no list of them",
        ));
    };
    let before = entries.len();
    for referrer in referrers {
        let digest = referrer.digest.to_string();
        let listed = entries.iter().any(|entry| entry["digest"] == digest);
        if !listed {
            entries.push(json!(referrer));
        }
    }
    if entries.len() == before && there.is_some() {
        return Ok(None);
    }
    let bytes = serde_json::to_vec(&index).expect("a JSON value can be written");
    Ok(Some(RawDocument::hash(
        bytes.into(),
        Algorithm::Sha256,
        MediaType::new(MediaType::OCI_INDEX),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(text: &str) -> Descriptor {
        let digest = Digest::sha256(text.as_bytes());
        Descriptor::new(MediaType::OCI_MANIFEST, digest, 1)
    }

    #[test]
    fn a_list_keeps_what_is_in_it_and_takes_each_referrer_once() {
        let first = merged(None, &[descriptor("a")]).unwrap().unwrap();
        assert!(merged(Some(&first), &[descriptor("a")]).unwrap().is_none());
        let odd = br#"{"manifests":[{"digest":"x","odd":1}],"own":true}"#;
        let odd = RawDocument::hash(odd[..].into(), Algorithm::Sha256, MediaType::default());
        let second = merged(Some(&odd), &[descriptor("a")]).unwrap().unwrap();
        let value: Value = serde_json::from_slice(second.bytes()).unwrap();
        assert_eq!(value["own"], true);
        let back = without(&second, &descriptor("a").digest).unwrap().unwrap();
        let back: Value = serde_json::from_slice(back.bytes()).unwrap();
        assert_eq!(back["own"], true);
        assert_eq!(back["manifests"].as_array().unwrap().len(), 1);
        assert!(without(&odd, &descriptor("a").digest).unwrap().is_none());
        assert_eq!(value["manifests"][0]["odd"], 1);
        assert_eq!(
            value["manifests"][1]["digest"],
            descriptor("a").digest.to_string()
        );
    }

    #[test]
    fn what_is_no_list_is_not_written_over() {
        for bytes in [&b"{}"[..], b"[]", b"{\"manifests\":1}"] {
            let raw = RawDocument::hash(bytes.into(), Algorithm::Sha256, MediaType::default());
            assert!(merged(Some(&raw), &[descriptor("a")]).is_err(), "{bytes:?}");
        }
    }
}

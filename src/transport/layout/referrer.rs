//! What refers to a manifest of a layout.
//!
//! A layout has no list of referrers. Tools keep them in many ways: as entries of
//! `index.json` without a name (oras), under the names that tags have in a registry
//! (cosign, notation, whatever copies by tag), or only in `blobs/`. So everything that may
//! be a manifest is read once, and remembered by what it refers to.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde_json::Value;

use super::{Layout, blob};
use crate::model::{
    Algorithm, Content, CosignTag, Descriptor, Digest, Document, Index, MediaKind, MediaType,
    RawDocument, annotation, is_cosign_tag, is_digest_tag, limits, referrers_tag,
};
use crate::transport::local::{Work, problem_of, read_content};
use crate::transport::{Answer, Found, ListedReferrer, Listing, Problem, TransportError, Way};

impl Layout {
    /// The digests that the blobs are said to have, in any order.
    fn blobs(&self) -> Result<Vec<Digest>, Problem> {
        let mut found = Vec::new();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            let name = algorithm.name();
            let files = match self.files.names(&format!("blobs/{name}")) {
                Err(problem) if problem.is_missing() => continue,
                files => files?,
            };
            let digests = files.iter().map(|hex| format!("{name}:{hex}").parse());
            found.extend(digests.filter_map(Result::ok));
        }
        Ok(found)
    }

    /// The bytes under `digest`, not yet checked; nothing where there are more than `limit`
    /// or where they do not begin as a JSON object does.
    fn json(&self, digest: &Digest, limit: u64, work: &Work) -> Result<Option<Vec<u8>>, Problem> {
        let name = blob::name(digest);
        let (start, length) = self.files.start(&name)?;
        if length > limit || !begins_as_object(&start) {
            return Ok(None);
        }
        let content = self.files.open(&name, None, work)?;
        read_content(content, limit).map(Some)
    }
}

/// Whether these first bytes may be those of a JSON object.
fn begins_as_object(start: &[u8]) -> bool {
    start.trim_ascii_start().first() == Some(&b'{')
}

/// Everything in a layout that refers to something.
#[derive(Debug, Default)]
pub struct Referrers {
    by_subject: HashMap<Digest, Vec<(Descriptor, Way)>>,
    /// By the name that the tag has in a registry.
    by_tag: HashMap<String, Tagged>,
    /// What could not be read and may refer to anything: the way, what, and why.
    unknown: Vec<(Way, String, Problem)>,
    /// What could not be read and says that it refers to this.
    damaged: HashMap<Digest, Vec<(String, Problem)>>,
}

/// What a tag that is made of a digest stands for.
#[derive(Debug, Default)]
struct Tagged {
    referrers: Vec<Descriptor>,
    /// Why there may be more.
    problem: Option<Problem>,
}

/// Looks through a whole layout. Ends early, with nothing, once nobody waits for it.
///
/// # Errors
/// Where there is no list of images.
pub(super) fn scan(content: &Layout, work: &Work) -> Result<Referrers, Problem> {
    let mut scan = Scan {
        content,
        work,
        found: Referrers::default(),
        seen: HashSet::new(),
    };
    let index = content.index(work)?;
    scan.index_json(&index);
    scan.blobs();
    if content.is_broken_off() {
        let (what, file) = ("blobs".to_owned(), "blobs".to_owned());
        let lost = Problem::CutOff { file };
        scan.found.unknown.push((Way::Blob, what, lost));
    }
    work.go_on().map_err(|error| problem_of(&error))?;
    Ok(scan.found)
}

struct Scan<'a> {
    content: &'a Layout,
    work: &'a Work,
    found: Referrers,
    seen: HashSet<Digest>,
}

/// What a blob says of itself.
enum Said {
    /// It is a manifest that refers to something, and has its digest.
    Refers(Box<Descriptor>, Digest),
    /// It would be, but it has another digest than its name says.
    Damaged(Digest, Problem),
    Nothing,
}

impl Scan<'_> {
    fn index_json(&mut self, index: &Index) {
        for (position, entry) in index.entries.iter().enumerate() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(problem) => {
                    let why = format!("entry {position}: {problem}");
                    let file = "index.json".to_owned();
                    let broken = Problem::Broken { file, why };
                    let what = "index.json".to_owned();
                    self.found.unknown.push((Way::IndexJson, what, broken));
                    continue;
                }
            };
            if self.work.go_on().is_err() {
                return;
            }
            self.named_after_digest(entry);
            let describes = entry.annotation(annotation::BUILDKIT_SUBJECT);
            let describes = describes.and_then(|digest| digest.parse::<Digest>().ok());
            if let Some(subject) = describes.filter(|subject| *subject != entry.digest) {
                self.refers(subject, entry.clone(), Way::IndexJson);
            }
            if self.seen.insert(entry.digest.clone()) && may_refer(entry) {
                self.entry(entry);
            }
        }
    }

    /// An entry with a name that a tag made of a digest has in a registry.
    fn named_after_digest(&mut self, entry: &Descriptor) {
        let Some(name) = entry.annotation(annotation::REF_NAME) else {
            return;
        };
        let tag = name.rsplit(':').next().unwrap_or_default();
        if is_cosign_tag(tag) {
            self.tagged(tag).referrers.push(entry.clone());
        } else if is_digest_tag(tag) {
            let read = self.document(entry);
            let tagged = self.tagged(tag);
            match read.as_ref().map(Document::content) {
                Ok(Content::Index(index)) => {
                    tagged
                        .referrers
                        .extend(index.entries.iter().flatten().cloned());
                    let broken = index.entries.iter().any(Result::is_err);
                    if broken {
                        let file = format!("the index called {tag}");
                        let why = "an entry of it is no descriptor".to_owned();
                        tagged.problem = Some(Problem::Broken { file, why });
                    }
                }
                Ok(_) => {
                    let file = format!("manifest {}", entry.digest);
                    let why = format!("it is called {tag} and is no index");
                    tagged.problem = Some(Problem::Broken { file, why });
                }
                Err(problem) => tagged.problem = Some(problem.clone()),
            }
        }
    }

    fn tagged(&mut self, tag: &str) -> &mut Tagged {
        self.found.by_tag.entry(tag.to_owned()).or_default()
    }

    fn refers(&mut self, subject: Digest, referrer: Descriptor, way: Way) {
        let there = self.found.by_subject.entry(subject).or_default();
        there.push((referrer, way));
    }

    /// An entry that may be a manifest with a subject.
    fn entry(&mut self, entry: &Descriptor) {
        match self.look(&entry.digest, limits::MANIFEST_BYTES) {
            Ok(Said::Refers(_, subject)) => self.refers(subject, entry.clone(), Way::IndexJson),
            Ok(Said::Damaged(subject, problem)) => self.damaged(subject, &entry.digest, problem),
            Ok(Said::Nothing) => {}
            // an image that was left out of a sparse copy refers to nothing; what says that
            // it is an artifact may
            Err(problem) if problem.is_missing() && entry.artifact_type.is_none() => {}
            Err(problem) => {
                let what = format!("manifest {}", entry.digest);
                self.found.unknown.push((Way::IndexJson, what, problem));
            }
        }
    }

    /// Everything that no entry of `index.json` points at.
    fn blobs(&mut self) {
        let mut blobs = match self.content.blobs() {
            Ok(blobs) => blobs,
            Err(problem) => {
                let what = "blobs".to_owned();
                self.found.unknown.push((Way::Blob, what, problem));
                return;
            }
        };
        blobs.retain(|digest| !self.seen.contains(digest));
        blobs.sort();
        if blobs.len() > limits::SCANNED_BLOBS {
            let (what, limit) = ("blobs", limits::SCANNED_BLOBS);
            let problem = Problem::TooMany { what, limit };
            self.found
                .unknown
                .push((Way::Blob, what.to_owned(), problem));
        }
        let mut left = limits::SCANNED_BYTES;
        let mut unreadable = false;
        for digest in blobs.into_iter().take(limits::SCANNED_BLOBS) {
            if self.work.go_on().is_err() {
                return;
            }
            let limit = limits::SCANNED_BLOB_BYTES;
            match self.look_counting(&digest, limit, &mut left) {
                Ok(Said::Refers(referrer, subject)) => self.refers(subject, *referrer, Way::Blob),
                Ok(Said::Damaged(subject, problem)) => self.damaged(subject, &digest, problem),
                Ok(Said::Nothing) => {}
                // it may have been a layer, and it may not; one of them tells it
                Err(problem) => {
                    if !std::mem::replace(&mut unreadable, true) {
                        let what = format!("blob {digest}");
                        self.found.unknown.push((Way::Blob, what, problem));
                    }
                }
            }
            if left == 0 {
                let limit = limits::SCANNED_BYTES;
                let problem = Problem::TooLarge { found: None, limit };
                let what = "blobs".to_owned();
                self.found.unknown.push((Way::Blob, what, problem));
                return;
            }
        }
    }

    fn damaged(&mut self, subject: Digest, digest: &Digest, problem: Problem) {
        let there = self.found.damaged.entry(subject).or_default();
        there.push((format!("manifest {digest}"), problem));
    }

    fn look(&self, digest: &Digest, limit: u64) -> Result<Said, Problem> {
        let mut unlimited = u64::MAX;
        self.look_counting(digest, limit, &mut unlimited)
    }

    /// Reads a blob and says what it refers to; takes what was read from `left`.
    fn look_counting(&self, digest: &Digest, limit: u64, left: &mut u64) -> Result<Said, Problem> {
        let Some(bytes) = self.content.json(digest, limit, self.work)? else {
            return Ok(Said::Nothing);
        };
        *left = left.saturating_sub(bytes.len() as u64);
        let Some((media_type, artifact_type, subject)) = subject_of(&bytes) else {
            return Ok(Said::Nothing);
        };
        let size = bytes.len() as u64;
        Ok(
            match RawDocument::verify(Bytes::from(bytes), digest, media_type) {
                Ok(raw) => {
                    let kind = Document::read(raw).media_type().as_str().to_owned();
                    let mut descriptor = Descriptor::new(&kind, digest.clone(), size);
                    descriptor.artifact_type = artifact_type;
                    Said::Refers(Box::new(descriptor), subject)
                }
                Err(found) => {
                    let expected = digest.clone();
                    Said::Damaged(subject, Problem::WrongDigest { expected, found })
                }
            },
        )
    }

    fn document(&self, entry: &Descriptor) -> Result<Document, Problem> {
        let digest = &entry.digest;
        let bytes = self
            .content
            .json(digest, limits::MANIFEST_BYTES, self.work)?;
        let raw = RawDocument::verify(
            Bytes::from(bytes.unwrap_or_default()),
            digest,
            entry.media_type.clone(),
        );
        raw.map(Document::read)
            .map_err(|found| Problem::WrongDigest {
                expected: digest.clone(),
                found,
            })
    }
}

/// The type, artifact type and subject of a manifest or index that has one.
fn subject_of(bytes: &[u8]) -> Option<(MediaType, Option<MediaType>, Digest)> {
    const KEY: &[u8] = b"\"subject\"";
    // statements about images have subjects of another kind; few other blobs have the word
    if !bytes.windows(KEY.len()).any(|window| window == KEY) {
        return None;
    }
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let subject = value.get("subject")?.get("digest")?.as_str()?;
    let text = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(MediaType::new)
    };
    Some((
        text("mediaType").unwrap_or_default(),
        text("artifactType"),
        subject.parse().ok()?,
    ))
}

/// Whether the entry may be a manifest: it is not of a type that only blobs have.
fn may_refer(entry: &Descriptor) -> bool {
    !matches!(
        entry.media_type.kind(),
        MediaKind::OciConfig
            | MediaKind::DockerConfig
            | MediaKind::Layer { .. }
            | MediaKind::Empty
            | MediaKind::InToto
            | MediaKind::DockerSchema1
            | MediaKind::DockerSchema1Signed
    )
}

impl Referrers {
    /// What refers to `subject`. `place` is the layout as it is named in errors.
    pub(in crate::transport) fn listing(&self, subject: &Digest, place: &str) -> Listing {
        let mut listing = Listing::default();
        let mut ways = vec![Way::IndexJson, Way::Blob];
        let mut not_read = self.unknown.clone();
        for (referrer, way) in self.by_subject.get(subject).into_iter().flatten() {
            listing.add(referrer.clone(), Found::by(*way), None);
        }
        for (what, problem) in self.damaged.get(subject).into_iter().flatten() {
            not_read.push((Way::Blob, what.clone(), problem.clone()));
        }
        let mut tags = vec![(Way::FallbackTag, referrers_tag(subject))];
        tags.extend(CosignTag::ALL.map(|kind| (Way::CosignTag, kind.of(subject))));
        for (way, tag) in tags {
            let Some(tagged) = self.by_tag.get(&tag) else {
                continue;
            };
            if !ways.contains(&way) {
                ways.push(way);
            }
            for referrer in &tagged.referrers {
                listing.add(referrer.clone(), Found::by_tag(way, tag.clone()), None);
            }
            if let Some(problem) = &tagged.problem {
                not_read.push((way, format!("tag {tag}"), problem.clone()));
            }
        }
        for way in ways {
            let by_way = |referrer: &&ListedReferrer| referrer.found.iter().any(|f| f.way == way);
            let count = listing.referrers.iter().filter(by_way).count();
            listing.answered(way, Answer::Named(count));
        }
        for (way, what, problem) in not_read {
            let error = TransportError::new(what, place, problem);
            listing.answered(way, Answer::NotRead(error));
        }
        listing
    }
}

/// The answer where a layout could not be looked through at all.
pub(in crate::transport) fn not_read(error: TransportError) -> Listing {
    let mut listing = Listing::default();
    listing.answered(Way::IndexJson, Answer::NotRead(error));
    listing
}

//! What would be written, and where, before anything is.

use std::sync::Arc;

use bytes::Bytes;

use crate::config::{LookasideFiles, read_key_file};
use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::model::{CosignTag, Descriptor, RawDocument, Reference};
use crate::signature::sign::{
    cosign_payload, needs_passphrase, notation_payload, signing_statement, statement,
};
use crate::signature::simple::Claim;
use crate::transport::SignatureFolder;

use super::super::chores::keys;
use super::files::Files;
use super::identity::{self, Shown};
use super::idle;
use super::request::{
    Addition, AdditionPlan, AdditionRequest, PlannedKey, PlannedPiece, SignBy, SignFormat, Signing,
};
use super::services::{self, Asked};
use super::target::{Subject, Target};

/// What is done for a piece.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Signed by the signer at this place in the request.
    Sign(usize),
    /// Stated, signed by the only signer.
    Attest {
        predicate_type: String,
    },
    Attach(Files),
    Remove(RawDocument),
}

impl Deed {
    /// Who of those that sign in turn signs it, from 0 on; nothing where it is not signed.
    pub(super) const fn signer(&self) -> Option<usize> {
        match self {
            Self::Sign(position) => Some(*position),
            // by the only signer
            Self::Attest { .. } => Some(0),
            Self::Attach(_) | Self::Remove(_) => None,
        }
    }
}

/// A plan and what it was made for: what is signed later is what it says.
#[derive(Clone)]
pub(super) struct Prepared {
    pub request: AdditionRequest,
    pub target: Target,
    pub plan: Arc<AdditionPlan>,
    /// Where OpenPGP signatures go, for each signer.
    pub folders: Vec<Option<Arc<SignatureFolder>>>,
    /// The services that are asked, for each signer.
    pub asked: Vec<Asked>,
    /// What the plan says of each signer's identity was read of this, and it signs.
    pub identities: Vec<Option<Shown>>,
}

impl Prepared {
    /// The same plan, for a place that is opened anew.
    pub fn afresh(&self, shared: &Shared) -> Self {
        Self {
            target: self.target.afresh(shared),
            ..self.clone()
        }
    }

    /// Resolves the image and plans.
    pub async fn of(shared: &Shared, request: &AdditionRequest) -> Result<Self, Failure> {
        let target = Target::find(shared, &request.reference, request.recursive).await?;
        let signings = request.addition.signings();
        for signing in signings {
            idle::refuse(&request.addition, signing, &target)?;
        }
        let mut planner = Planner {
            lookaside: &shared.config.network.lookaside,
            target: &target,
            folders: Vec::new(),
            pieces: Vec::new(),
        };
        let mut folders = Vec::new();
        match &request.addition {
            Addition::Sign(signings) => {
                for (position, signing) in signings.iter().enumerate() {
                    let folder = planner.folder(signing)?;
                    planner.folders.push(folder);
                    for subject in &target.subjects {
                        planner.sign(position, signing, subject).await?;
                    }
                }
            }
            Addition::Attest {
                signing,
                predicate,
                kind,
            } => {
                planner.folders.push(None);
                let path = predicate.clone();
                let read = tokio::task::spawn_blocking(move || read_key_file(&path)).await;
                let read = read.map_err(|_| Failure::refused("reading was ended", "Try again"))?;
                let bytes = read.map_err(|error| {
                    Failure::refused(error.to_string(), "Check the path of the predicate")
                })?;
                for subject in &target.subjects {
                    planner.attest(signing, &bytes, kind, subject)?;
                }
            }
            Addition::Attach(attaching) => {
                planner.needs_referrers("files")?;
                let files = Files::look(attaching).await?;
                for subject in &target.subjects {
                    planner.attach(&files, subject);
                }
            }
            Addition::Remove(digest) => planner.remove(digest).await?,
        }
        folders.append(&mut planner.folders);
        let pieces = planner.pieces;
        let mut asked = Vec::new();
        for signing in signings {
            asked.push(Asked::of(signing).await?);
        }
        let (mut keys, mut identities) = (Vec::new(), Vec::new());
        for (signing, asked) in signings.iter().zip(&asked) {
            let (key, shown) = planned_signer(shared, signing, asked).await?;
            keys.push(key);
            identities.push(shown);
        }
        let mut warnings = Vec::new();
        let mut services = Vec::new();
        for ((signing, asked), shown) in signings.iter().zip(&asked).zip(&identities) {
            services.extend(asked.planned(signing, shown.as_ref()));
        }
        let services = services::planned(shared, services, &mut warnings).await?;
        let plan = Arc::new(AdditionPlan {
            reference: target.reference.to_string(),
            root: target.root.clone(),
            pieces,
            keys,
            services,
            warnings,
        });
        Ok(Self {
            request: request.clone(),
            target,
            plan,
            folders,
            asked,
            identities,
        })
    }
}

struct Planner<'a> {
    lookaside: &'a LookasideFiles,
    target: &'a Target,
    folders: Vec<Option<Arc<SignatureFolder>>>,
    pieces: Vec<PlannedPiece>,
}

impl Planner<'_> {
    fn cannot_hold(&self, what: &str, hint: &str) -> Failure {
        let place = self.target.reference.to_string();
        Failure::refused(format!("{place} cannot hold {what}"), hint)
    }

    fn needs_referrers(&self, what: &str) -> Result<(), Failure> {
        let documents = self.target.documents.as_ref();
        match documents.and_then(|documents| documents.referrer_writing()) {
            Some(_) => Ok(()),
            None => Err(self.cannot_hold(
                &format!("{what} that refer to an image"),
                "Add them in a registry or an OCI layout (oci:)",
            )),
        }
    }

    /// Where OpenPGP signatures go.
    fn folder(&self, signing: &Signing) -> Result<Option<Arc<SignatureFolder>>, Failure> {
        if signing.format != SignFormat::Simple {
            return Ok(self.target.beside.clone());
        }
        match (&self.target.reference, &self.target.beside) {
            (_, Some(beside)) => Ok(Some(Arc::clone(beside))),
            (Reference::Registry(image), None) => {
                let folder = match &signing.lookaside {
                    Some(folder) => folder.clone(),
                    None => {
                        let folder = self.lookaside.folder_to_write(image);
                        folder.map_err(|error| {
                            Failure::refused(
                                error.to_string(),
                                "Name a folder for signatures (--lookaside FOLDER)",
                            )
                        })?
                    }
                };
                Ok(Some(Arc::new(SignatureFolder::lookaside(folder, image))))
            }
            _ => Err(self.cannot_hold(
                "OpenPGP signatures",
                "They lie beside images of registries and in dir: folders",
            )),
        }
    }

    async fn sign(
        &mut self,
        position: usize,
        signing: &Signing,
        subject: &Subject,
    ) -> Result<(), Failure> {
        let target = self.target;
        let descriptor = &subject.descriptor;
        let digest = &descriptor.digest;
        let identity = || signing.identity.clone().or_else(|| target.repository());
        let referrer = || format!("a referrer of {digest}");
        if signing.expiry.is_some() && !signing.format.is_notation() {
            return Err(Failure::refused(
                format!("a {} has no expiry", signing.format),
                "Leave it out, or sign for Notation",
            ));
        }
        let (payload, place) = match signing.format {
            SignFormat::Bundle => {
                self.needs_referrers("Sigstore bundles")?;
                (signing_statement(digest, &signing.annotations), referrer())
            }
            SignFormat::Cosign => {
                let name = identity().unwrap_or_default();
                let payload = cosign_payload(&name, digest, &signing.annotations);
                (payload, self.cosign_place(subject).await?)
            }
            SignFormat::NotationJws | SignFormat::NotationCose => {
                self.needs_referrers("Notation signatures")?;
                (
                    notation_payload(descriptor, &signing.annotations),
                    referrer(),
                )
            }
            SignFormat::Simple => {
                if !signing.annotations.is_empty() {
                    return Err(Failure::refused(
                        "an OpenPGP simple signature has no annotations",
                        "Leave them out, or sign as cosign does",
                    ));
                }
                let name = signing.identity.clone().or_else(|| target.name());
                let name = name.ok_or_else(|| {
                    Failure::refused(
                        "an OpenPGP signature names the image, and this one is in no registry",
                        "Say which name is to be signed (--sign-container-identity HOST/NAME:TAG)",
                    )
                })?;
                let claim = Claim {
                    digest: digest.clone(),
                    reference: name,
                    creator: Some(super::creator()),
                    timestamp: Some(jiff::Timestamp::now().as_second()),
                };
                (
                    claim.to_bytes(),
                    self.beside_place(position, subject).await?,
                )
            }
        };
        self.pieces.push(PlannedPiece {
            subject: descriptor.clone(),
            label: subject.label.clone(),
            what: signing.format.to_string(),
            place,
            payload: payload.into(),
            deed: Deed::Sign(position),
        });
        Ok(())
    }

    /// Where cosign's older signatures go: under a tag, or beside the image of a folder.
    async fn cosign_place(&self, subject: &Subject) -> Result<String, Failure> {
        let documents = self.target.documents.as_ref();
        if documents.is_some_and(|documents| documents.tag_editing().is_some()) {
            let tag = CosignTag::Signatures.of(&subject.descriptor.digest);
            return Ok(format!("the tag {tag}"));
        }
        let Some(beside) = &self.target.beside else {
            return Err(self.cannot_hold(
                "cosign signatures",
                "Add them in a registry, an OCI layout (oci:) or a folder (dir:)",
            ));
        };
        let own = self.target.is_root(&subject.descriptor);
        let path = beside.next(&subject.descriptor.digest, own).await?;
        Ok(format!("the file {}", path.display()))
    }

    async fn beside_place(&self, position: usize, subject: &Subject) -> Result<String, Failure> {
        let folder = self.folders.get(position).and_then(Option::as_ref);
        let folder = folder.ok_or_else(|| self.cannot_hold("OpenPGP signatures", ""))?;
        let own = self.target.is_root(&subject.descriptor);
        let path = folder.next(&subject.descriptor.digest, own).await?;
        Ok(format!("the file {}", path.display()))
    }

    fn attest(
        &mut self,
        signing: &Signing,
        predicate: &[u8],
        kind: &str,
        subject: &Subject,
    ) -> Result<(), Failure> {
        let digest = &subject.descriptor.digest;
        let name = signing.identity.clone();
        let name = name.or_else(|| self.target.repository());
        let name = name.unwrap_or_else(|| "image".to_owned());
        let stated = statement(&name, digest, kind, predicate);
        let (predicate_type, payload) = stated.map_err(|error| {
            Failure::refused(
                error.to_string(),
                "Correct the predicate, or its type (--type)",
            )
        })?;
        let (what, place) = match signing.format {
            SignFormat::Bundle => {
                self.needs_referrers("attestations")?;
                (
                    "attestation, Sigstore bundle",
                    format!("a referrer of {digest}"),
                )
            }
            SignFormat::Cosign => {
                let documents = self.target.documents.as_ref();
                if documents.is_none_or(|documents| documents.tag_editing().is_none()) {
                    return Err(self.cannot_hold(
                        "cosign attestations",
                        "Add them in a registry or an OCI layout (oci:)",
                    ));
                }
                let tag = CosignTag::Attestations.of(digest);
                ("attestation, cosign", format!("the tag {tag}"))
            }
            other => {
                return Err(Failure::refused(
                    format!("an attestation cannot be written as a {other}"),
                    "Write it as a bundle or as cosign does (--format bundle or cosign)",
                ));
            }
        };
        self.pieces.push(PlannedPiece {
            subject: subject.descriptor.clone(),
            label: subject.label.clone(),
            what: format!("{what}, {predicate_type}"),
            place,
            payload: payload.into(),
            deed: Deed::Attest { predicate_type },
        });
        Ok(())
    }

    fn attach(&mut self, files: &Files, subject: &Subject) {
        let made = files.artifact(&subject.descriptor);
        self.pieces.push(PlannedPiece {
            subject: subject.descriptor.clone(),
            label: subject.label.clone(),
            what: format!("artifact of the type {}", files.artifact_type()),
            place: format!("a referrer of {}", subject.descriptor.digest),
            payload: made.manifest.bytes().clone(),
            deed: Deed::Attach(files.clone()),
        });
    }

    async fn remove(&mut self, digest: &crate::model::Digest) -> Result<(), Failure> {
        let documents = self.target.documents.as_ref();
        if documents.is_none_or(|documents| documents.referrer_removal().is_none()) {
            return Err(self.cannot_hold("what refers to an image", "Nothing is there to remove"));
        }
        let tree = super::check::referrers(&self.target.source, &self.target.root.digest).await;
        let found = tree
            .walk()
            .find(|(_, node)| node.descriptor.digest == *digest);
        let Some((_, node)) = found else {
            return Err(Failure::refused(
                format!("{digest} does not refer to {}", self.target.reference),
                "Look at what does (porthole referrers)",
            ));
        };
        let raw = self.target.source.manifest(&node.descriptor).await?;
        let subject = crate::transport::describe_referrer(&raw);
        let subject: Descriptor = match subject {
            Some((subject, _)) => subject,
            None => {
                return Err(Failure::refused(
                    format!("{digest} lies under a tag of cosign and refers to nothing itself"),
                    "Delete the tag (porthole delete)",
                ));
            }
        };
        self.pieces.push(PlannedPiece {
            label: "image".to_owned(),
            what: format!("removal of {}", node.kind),
            place: format!("the referrers of {}", subject.digest),
            subject,
            payload: Bytes::clone(raw.bytes()),
            deed: Deed::Remove(raw),
        });
        Ok(())
    }
}

/// What is known of a key without opening it, and of an identity without asking anybody.
async fn planned_signer(
    shared: &Shared,
    signing: &Signing,
    asked: &Asked,
) -> Result<(PlannedKey, Option<Shown>), Failure> {
    match &signing.by {
        SignBy::Key(name) => Ok((planned_key(shared, name).await?, None)),
        SignBy::Identity(from) => {
            let shown = Shown::look(from, asked).await?;
            let key = PlannedKey {
                key: identity::described(from, asked),
                facts: Some(match shown.as_ref().and_then(Shown::claims) {
                    Some(claims) => format!("{}, by {}", claims.identity(), claims.vouching),
                    None => "whose it is shows when it is asked for".to_owned(),
                }),
                fingerprint: None,
                encrypted: false,
            };
            Ok((key, shown))
        }
    }
}

async fn planned_key(shared: &Shared, name: &str) -> Result<PlannedKey, Failure> {
    let (key, folder) = (name.to_owned(), shared.config.trust.own_keys.clone());
    let read = tokio::task::spawn_blocking(move || {
        let files = keys::files_of(folder.as_deref(), &key);
        let read = files.read_private();
        let bytes = read.map_err(|error| {
            let hint = "Choose a key that is there (porthole keys list), or name the file of one";
            Failure::refused(error.to_string(), hint)
        })?;
        let facts = keys::info(files).facts;
        Ok(PlannedKey {
            key,
            facts: facts.as_ref().map(ToString::to_string),
            fingerprint: facts.map(|facts| facts.fingerprint),
            encrypted: needs_passphrase(&bytes),
        })
    });
    let ended = |_| Failure::refused("reading the keys was ended", "Try again");
    read.await.map_err(ended)?
}

//! Additions: signatures, attestations and artifacts beside an image. Planned while somebody
//! looks, and made as a job: keys are opened first, then everything is signed and written in
//! turn, then it is read back.

mod check;
mod command_line;
mod files;
mod identity;
mod idle;
mod ledger;
mod make;
mod plan;
mod request;
mod services;
mod signer;
mod target;
mod vouch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::config::Secret;
use crate::model::Reference;
use crate::transport::Destination;

use super::copies::SETTLED;
use super::crash;
use super::running::Running;
use super::shared::{JobHandle, Shared};
use super::{Failure, FailureKind, ImageId, JobKind, JobState, Outcome, Remote, Unit};

pub use crate::services::ServiceRole;
use ledger::{Begun, Ledger};
use plan::Prepared;
use request::Trouble;
pub use request::{
    Addition, AdditionId, AdditionPlan, AdditionReport, AdditionRequest, AdditionSnapshot,
    AttachedFile, Attaching, IdentityFrom, LogUse, PlannedKey, PlannedPiece, PlannedService,
    SignBy, SignFormat, SignIn, Signing, SigningServices, WrittenPiece,
};

/// The additions that are planned or made.
#[derive(Default)]
pub(super) struct Additions {
    running: Running<AdditionId>,
    prepared: Kept,
}

/// What was shown: exactly that is signed, and then it is forgotten, with the token of whom it
/// is for.
type Kept = Arc<Mutex<HashMap<AdditionId, Arc<Prepared>>>>;

impl Additions {
    /// Plans an addition; an earlier plan for it is given up.
    pub fn plan(&mut self, shared: &Arc<Shared>, id: AdditionId, request: AdditionRequest) {
        let again = self.running.has(&id);
        let token = self.running.begin(id);
        let (shared, kept) = (Arc::clone(shared), Arc::clone(&self.prepared));
        lock(&kept).remove(&id);
        tokio::spawn(async move {
            let mut snapshot = started(&shared, id, request);
            shared.slots.put_addition(Arc::new(snapshot.clone()));
            if again {
                tokio::select! {
                    () = token.cancelled() => return,
                    () = tokio::time::sleep(SETTLED) => {}
                }
            }
            let prepared = tokio::select! {
                () = token.cancelled() => return,
                prepared = crash::caught(Prepared::of(&shared, &snapshot.request)) => prepared,
            };
            snapshot.plan = match prepared {
                Ok(prepared) => {
                    let plan = Arc::clone(&prepared.plan);
                    lock(&kept).insert(id, Arc::new(prepared));
                    Remote::Ready(plan)
                }
                Err(failure) => failed(failure),
            };
            if !token.is_cancelled() {
                shared.slots.put_addition(Arc::new(snapshot));
            }
        });
    }

    /// Makes an addition, as it was planned where it was. `passphrases` are those of the
    /// signers in turn; `accept` says that the user read what services show to others.
    pub fn make(
        &mut self,
        shared: &Arc<Shared>,
        id: AdditionId,
        request: AdditionRequest,
        passphrases: Vec<Option<Secret>>,
        accept: bool,
    ) {
        let token = self.running.begin(id);
        let prepared = lock(&self.prepared).get(&id).cloned();
        let prepared = prepared.filter(|prepared| prepared.request == request);
        let job = shared.jobs.start(
            JobKind::Addition,
            format!("{} {}", request.addition.verb(), request.reference),
            ImageId::next(),
            Unit::Documents,
            "planning",
        );
        let given = Given {
            prepared,
            passphrases,
            accept,
        };
        let kept = Arc::clone(&self.prepared);
        let made = made(Arc::clone(shared), id, request, given, job, token, kept);
        tokio::spawn(made);
    }

    /// Ends an addition and forgets it.
    pub fn forget(&mut self, shared: &Shared, id: AdditionId) {
        self.running.end(&id);
        lock(&self.prepared).remove(&id);
        shared.slots.remove_addition(id);
    }
}

/// Held for one look at the map only; a panic cannot leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed<T>(failure: Failure) -> Remote<T> {
    Remote::Failed {
        error: Arc::new(failure),
        previous: None,
    }
}

fn started(shared: &Shared, id: AdditionId, request: AdditionRequest) -> AdditionSnapshot {
    let before = shared.slots.addition(id);
    let previous = before.and_then(|before| before.plan.value().cloned());
    AdditionSnapshot {
        id,
        request,
        plan: Remote::Pending { previous },
        job: None,
        report: Remote::NotAsked,
        ask: None,
        sign_in: None,
    }
}

/// What an addition is made with.
struct Given {
    /// The plan that was shown, where one was.
    prepared: Option<Arc<Prepared>>,
    passphrases: Vec<Option<Secret>>,
    /// Whether the user read what services show to others.
    accept: bool,
}

async fn made(
    shared: Arc<Shared>,
    id: AdditionId,
    request: AdditionRequest,
    given: Given,
    mut job: JobHandle,
    token: CancellationToken,
    kept: Kept,
) {
    let mut snapshot = started(&shared, id, request);
    snapshot.job = Some(job.id());
    snapshot.report = Remote::Pending { previous: None };
    if let Some(prepared) = &given.prepared {
        snapshot.plan = Remote::Ready(Arc::clone(&prepared.plan));
    }
    shared.slots.put_addition(Arc::new(snapshot.clone()));
    let stopped = {
        let (job, token) = (job.token().clone(), token.clone());
        async move {
            tokio::select! {
                () = job.cancelled() => {}
                () = token.cancelled() => {}
            }
        }
    };
    let ledger = Ledger::default();
    let mut gathering = None;
    let done = tokio::select! {
        () = stopped => None,
        done = crash::caught(
            work(&shared, &mut snapshot, given, &mut job, &ledger, &mut gathering)
        ) => Some(done),
    };
    if let Some(documents) = gathering {
        documents.give_up().await;
    }
    snapshot.sign_in = None;
    let state = match done {
        None => match stopped_with(&ledger) {
            None => {
                snapshot.report = Remote::NotAsked;
                JobState::Cancelled
            }
            Some(failure) => {
                let error = Arc::new(failure);
                snapshot.report = Remote::Failed {
                    error: Arc::clone(&error),
                    previous: None,
                };
                JobState::Failed(error)
            }
        },
        Some(Ok(report)) => {
            if !token.is_cancelled() {
                lock(&kept).remove(&id);
            }
            let reference = report.reference.clone();
            snapshot.report = Remote::Ready(report);
            let addition = id;
            shared.slots.put_outcome(Outcome::Added {
                addition,
                reference,
            });
            JobState::Done
        }
        Some(Err(Trouble { mut failure, ask })) => {
            failure.details.extend(ledger.lines());
            let error = Arc::new(failure);
            snapshot.ask = ask;
            snapshot.report = Remote::Failed {
                error: Arc::clone(&error),
                previous: None,
            };
            JobState::Failed(error)
        }
    };
    // one that is forgotten, or begun anew, has no place any more
    let asks = snapshot.ask.is_some();
    if !token.is_cancelled() {
        shared.slots.put_addition(Arc::new(snapshot));
    }
    // a passphrase that is asked for again where it was typed is no job that failed
    match asks {
        true => job.forget(),
        false => job.end(state),
    }
}

/// What is said of an addition that somebody stopped; nothing where nothing stays of it.
fn stopped_with(ledger: &Ledger) -> Option<Failure> {
    let details = ledger.lines();
    (!details.is_empty()).then(|| {
        Failure::new(
            FailureKind::Cancelled,
            "it was stopped, and not everything can be taken back",
            "The details say what stays",
        )
        .with_details(details)
    })
}

/// Makes it. `gathering` is a place that something is gathered for, as long as it is not
/// written there.
async fn work(
    shared: &Shared,
    snapshot: &mut AdditionSnapshot,
    given: Given,
    job: &mut JobHandle,
    ledger: &Ledger,
    gathering: &mut Option<Arc<dyn Destination>>,
) -> Result<Arc<AdditionReport>, Trouble> {
    let prepared = match given.prepared {
        Some(prepared) => prepared,
        None => Arc::new(Prepared::of(shared, &snapshot.request).await?),
    };
    // nothing of an earlier try: what that had gathered is not written along
    let prepared = prepared.afresh(shared);
    let plan = Arc::clone(&prepared.plan);
    snapshot.plan = Remote::Ready(Arc::clone(&plan));
    shared.slots.put_addition(Arc::new(snapshot.clone()));
    let mut report = AdditionReport {
        reference: plan.reference.clone(),
        written: Vec::new(),
        notes: Vec::new(),
    };
    report
        .notes
        .extend(agreed(shared, &plan, given.accept).await?);
    job.phase("opening keys");
    let mut tell = |sign_in: Option<SignIn>| {
        job.phase(match sign_in {
            Some(_) => "waiting for somebody to sign in",
            None => "asking for a certificate",
        });
        snapshot.sign_in = sign_in;
        shared.slots.put_addition(Arc::new(snapshot.clone()));
    };
    let passphrases = given.passphrases;
    let signers = signer::ready(shared, &prepared, &passphrases, &mut tell, ledger).await?;
    // the keys are open: nothing else needs them
    drop(passphrases);
    let total = plan.pieces.len() as u64;
    job.progress().restart(Unit::Documents, 0, Some(total));
    let documents = prepared.target.documents.as_deref();
    let gathers = documents.is_some_and(Destination::gathers);
    if gathers {
        gathering.clone_from(&prepared.target.documents);
    }
    let mut waiting = Vec::new();
    for piece in &plan.pieces {
        job.phase("signing and writing");
        let product = make::make(shared, &prepared, piece, &signers, ledger).await;
        let product = product.map_err(|failure| at_step(failure, "signing", piece, ledger))?;
        if !gathers {
            ledger.writing();
        }
        let begun = (!gathers).then(|| begin(piece, ledger));
        let written = make::write(&prepared, piece, &product.made).await;
        let written = written.map_err(|unwritten| {
            if let (Some(begun), false) = (&begun, unwritten.may_be_there) {
                ledger.end(begun, None);
            }
            at_step(unwritten.error.into(), "writing", piece, ledger)
        })?;
        let written = Written {
            piece,
            product,
            written,
        };
        let Some(begun) = begun else {
            waiting.push(written);
            continue;
        };
        written.stays(ledger, &begun);
        job.phase("reading back");
        let checked = written.check(shared, &prepared, &signers, ledger).await?;
        report.written.push(checked);
        job.progress().add(1);
    }
    if let (Some(documents), Some(first)) = (documents.filter(|_| gathers), waiting.first()) {
        job.phase("writing the archive");
        ledger.writing();
        let pieces = waiting.iter();
        let begun: Vec<_> = pieces.map(|one| begin(one.piece, ledger)).collect();
        let committed = documents.commit().await;
        committed.map_err(|error| {
            begun.iter().for_each(|begun| ledger.end(begun, None));
            at_step(error.into(), "writing", first.piece, ledger)
        })?;
        *gathering = None;
        for (written, begun) in waiting.iter().zip(&begun) {
            written.stays(ledger, begun);
        }
        job.phase("reading back");
        for written in waiting {
            let checked = written.check(shared, &prepared, &signers, ledger).await?;
            report.written.push(checked);
            job.progress().add(1);
        }
    }
    if let Some(moved) = moved(&prepared).await {
        report.notes.push(moved);
    }
    Ok(Arc::new(report))
}

/// Nothing is shown to others before the user knows what. Gives what to know of remembering
/// that they agreed.
async fn agreed(
    shared: &Shared,
    plan: &AdditionPlan,
    accept: bool,
) -> Result<Option<String>, Failure> {
    if plan.to_accept().next().is_none() {
        return Ok(None);
    }
    if accept {
        return Ok(services::accept(shared, &plan.services).await);
    }
    let all = plan.to_accept().map(|service| {
        let (role, address) = (service.role, &service.address);
        let shows = service.shows.as_deref().unwrap_or_default();
        format!("The {role} at {address}: {shows}")
    });
    let mut failure = Failure::refused(
        "others see what is signed at a service that is asked for the first time",
        "Agree to what it shows (--yes), or sign with a key and without it (--no-log)",
    );
    failure.details.extend(all);
    Err(failure)
}

/// Says of a piece that it may be there, until more is known.
fn begin(piece: &PlannedPiece, ledger: &Ledger) -> Begun {
    let (what, place, about) = (&piece.what, &piece.place, about(piece));
    ledger.begin(match piece.deed {
        plan::Deed::Remove(_) => format!("May be done: {what} in {place} {about}"),
        _ => format!("May be there: {what} in {place} {about}"),
    })
}

fn about(piece: &PlannedPiece) -> String {
    format!("for {} ({})", piece.subject.digest, piece.label)
}

/// A piece that was written, or gathered.
struct Written<'a> {
    piece: &'a PlannedPiece,
    product: make::Product,
    written: WrittenPiece,
}

impl Written<'_> {
    /// What was begun is done, and stays so, whatever becomes of the others.
    fn stays(&self, ledger: &Ledger, begun: &Begun) {
        let Self { piece, written, .. } = self;
        let (what, place) = (&written.what, &written.place);
        let about = about(piece);
        ledger.end(
            begun,
            Some(match piece.deed {
                plan::Deed::Remove(_) => format!("Done: {what} in {place} {about}"),
                _ => format!("Stays: {what} in {place} {about}"),
            }),
        );
    }

    /// Reads it back.
    async fn check(
        self,
        shared: &Shared,
        prepared: &Prepared,
        signers: &[Arc<signer::Ready>],
        ledger: &Ledger,
    ) -> Result<WrittenPiece, Failure> {
        let Self {
            piece,
            product,
            mut written,
        } = self;
        let signer = piece.deed.signer().and_then(|signer| signers.get(signer));
        let (signer, made) = (signer.map(Arc::as_ref), &product.made);
        let checked = check::read_back(shared, prepared, piece, made, &written, signer).await;
        written.checked =
            checked.map_err(|failure| at_step(failure, "reading back", piece, ledger))?;
        written.vouched = product.vouched;
        Ok(written)
    }
}

/// A failure with the step that it happened at.
fn at_step(mut failure: Failure, step: &str, piece: &PlannedPiece, ledger: &Ledger) -> Failure {
    failure.headline = format!(
        "{step} for {} ({}): {}",
        piece.subject.digest, piece.label, failure.headline
    );
    if !ledger.has_written() {
        let words = "Nothing was written beside the image";
        failure.details.push(words.to_owned());
    }
    failure
}

/// What to say where the name stands for something else by now than what was added to.
async fn moved(prepared: &Prepared) -> Option<String> {
    let named = match &prepared.target.reference {
        Reference::Registry(image) => image.digest().is_none(),
        Reference::Path(path) => path.name.is_some(),
        Reference::Daemon(_) => false,
    };
    let documents = prepared.target.documents.as_ref().filter(|_| named)?;
    let current = documents.current().await.ok().flatten()?;
    let root = &prepared.target.root.digest;
    (current != *root).then(|| {
        format!(
            "The name was moved meanwhile: {} is {current} now. What was written is about {root}",
            prepared.target.reference
        )
    })
}

/// The time as manifests and claims have it, RFC 3339 in whole seconds.
fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What makes signatures, by its own word.
fn creator() -> String {
    concat!("porthole ", env!("CARGO_PKG_VERSION")).to_owned()
}

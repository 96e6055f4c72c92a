//! Makes one copy: both places are opened, it is planned anew, and carried out, in the other
//! format where the place takes no other and nobody minds.

use std::sync::Arc;
use std::time::Duration;

use crate::copy::{self, Attached, CopyError, CopyProgress, Format, Plan, Report};
use crate::model::Reference;
use crate::transport::{self, Destination, Located, Source};

use super::CopyRequest;
use super::failed::Failed;
use crate::engine::shared::Shared;
use crate::engine::{Failure, crash};

/// How often the progress of a copy is told to whoever looks.
const TELLING: Duration = Duration::from_millis(100);

/// Who looks on while a copy is made.
pub(in crate::engine) trait Watching: Send {
    /// What is done now.
    fn phase(&mut self, phase: &'static str);
    /// This is what will be done. It begins again where the place takes the other format only.
    fn begins(&mut self, plan: &Arc<Plan>, progress: &Arc<CopyProgress>);
    /// More of it is done.
    fn moves(&mut self, progress: &CopyProgress);
}

/// Both places, and the plan between them.
pub(in crate::engine) struct Prepared {
    source: Arc<dyn Source>,
    destination: Arc<dyn Destination>,
    pub(in crate::engine) plan: Arc<Plan>,
}

impl Prepared {
    pub(in crate::engine) async fn of(
        shared: &Shared,
        request: &CopyRequest,
    ) -> Result<Self, Failed> {
        crash::at("planning a copy");
        let source = locate(shared, &request.source)?;
        let reference = locate_destination(shared, &request.destination)?;
        let source = match request.options.foreign_layers {
            true => transport::open_with_addresses(&source, &shared.client),
            false => transport::open(&source, &shared.client),
        };
        let destination = transport::open_destination(&reference, &shared.client)?;
        let there = transport::open(&reference, &shared.client);
        let plan = copy::plan(
            Arc::clone(&source),
            Arc::clone(&destination),
            Some(there),
            &request.options,
            &shared.config.platform,
        )
        .await
        .map_err(Failed::of)?;
        Ok(Self {
            source,
            destination,
            plan: Arc::new(plan),
        })
    }
}

fn locate(shared: &Shared, text: &str) -> Result<Reference, Failure> {
    let located = transport::locate_through(&shared.client, text);
    let Located { reference, .. } = located.map_err(Failure::from)?;
    Ok(reference)
}

/// What `text` names to write to. A path need not exist yet: then it is a layout where its
/// prefix says nothing else.
fn locate_destination(shared: &Shared, text: &str) -> Result<Reference, Failure> {
    if let Some(parsed) = Reference::parse_prefixed(text) {
        let failed = |error: crate::model::ReferenceError| {
            Failure::refused(format!("{text:?}: {error}"), error.hint())
        };
        return parsed.map_err(failed);
    }
    locate(shared, text)
}

/// Makes a copy and tells on the way.
pub(in crate::engine) async fn make_one(
    shared: &Shared,
    request: &CopyRequest,
    watching: &mut dyn Watching,
) -> Result<Arc<Report>, Failed> {
    let prepared = Prepared::of(shared, request).await?;
    let plan = Arc::clone(&prepared.plan);
    let refused = match carry_out(prepared, watching).await {
        Ok(report) => return Ok(report),
        Err(error) => error,
    };
    let Some(format) = copy::other_format(&plan, &refused) else {
        let beside = copy::is_beside(&plan, &refused);
        let mut failed = Failed::of(refused);
        if beside {
            failed.stuck = Some(Attached::Everything);
            let hint = "Leave behind what refers to the image (--no-referrers), or use a registry that takes it";
            hint.clone_into(&mut failed.failure.hint);
        }
        return Err(failed);
    };
    watching.phase("planning");
    let asked = &request.options;
    // nobody asked for the format that the place does not take, nor for its digests
    let is_free = asked.format == Format::Keep && !asked.preserve_digests;
    let mut other = request.clone();
    other.options.format = format;
    other.options.preserve_digests = false;
    let mut rest = None;
    let hint = match Prepared::of(shared, &other).await {
        Ok(prepared) if is_free => {
            let made = carry_out(prepared, watching).await;
            return made.map_err(Failed::of);
        }
        Ok(_) => {
            let digests = match asked.preserve_digests {
                true => " and let digests change (without --preserve-digests)",
                false => "",
            };
            let name = format.name();
            format!(
                "Copy it in the other format (--format {name}){digests}, or to a registry that takes this one"
            )
        }
        Err(why) => {
            let lost = why.failure;
            other.options.no_referrers = true;
            let elsewhere = match Prepared::of(shared, &other).await {
                Ok(_) => {
                    rest = Some(Box::new(other));
                    " Leave that behind (--no-referrers), or use"
                }
                Err(_) => " Use",
            };
            format!("It cannot be converted: {lost}.{elsewhere} a registry that takes this format")
        }
    };
    let mut failed = Failed::of(refused);
    failed.failure.hint = hint;
    failed.rest = rest;
    Err(failed)
}

/// Does what was planned.
async fn carry_out(
    prepared: Prepared,
    watching: &mut dyn Watching,
) -> Result<Arc<Report>, CopyError> {
    let Prepared {
        source,
        destination,
        plan,
    } = prepared;
    let progress = Arc::new(CopyProgress::of(&plan));
    watching.phase("copying");
    watching.begins(&plan, &progress);
    let running = copy::run(&plan, source, destination, Arc::clone(&progress));
    let mut running = std::pin::pin!(running);
    let mut told = tokio::time::interval(TELLING);
    loop {
        tokio::select! {
            done = &mut running => {
                watching.moves(&progress);
                return Ok(Arc::new(done?));
            }
            _ = told.tick() => watching.moves(&progress),
        }
    }
}

//! What `sign` and `attach` have in common: the plan is shown, passphrases are asked for, and
//! what was written is listed.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use serde_json::json;

use crate::config::Secret;
use crate::engine::{
    Addition, AdditionId, AdditionPlan, AdditionReport, AdditionRequest, AdditionSnapshot, Command,
    Engine, EngineConfig, Failure, PlannedService, Remote, SignIn,
};
use crate::model::{Annotations, text};

use super::passphrase::{PassphraseFrom, TRIES, ask};
use super::services::ServiceOptions;
use super::{CliError, wait};

/// Plans, shows, signs and writes.
pub(super) struct Adding {
    pub request: AdditionRequest,
    pub passphrase: Option<PassphraseFrom>,
    pub services: ServiceOptions,
    /// Only show what would be done.
    pub plan: bool,
    pub json: bool,
}

impl Adding {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let (engine, changes) = wait::engine(config)?;
        let addition = AdditionId::next();
        engine.send(Command::PlanAddition {
            addition,
            request: Box::new(self.request.clone()),
        });
        let plan = wait_for(&engine, &changes, addition, |snapshot| {
            remote(&snapshot.plan).map(|plan| plan.map_err(Into::into))
        })?;
        let mut out = io::stdout().lock();
        if self.plan {
            if self.json {
                return write_json(&mut out, &plan_json(&plan));
            }
            print_plan(&mut out, &plan, true)?;
            return Ok(());
        }
        // before anything is signed: what, and where
        print_plan(&mut io::stderr().lock(), &plan, false)?;
        if !self.services.yes && plan.to_accept().next().is_some() {
            agree()?;
        }
        let report = self.make(&engine, &changes, addition, &plan)?;
        if self.json {
            return write_json(&mut out, &report_json(&report));
        }
        print_report(&mut out, &report)?;
        Ok(())
    }

    /// Sends the user to where they sign in.
    fn sign_in(&self, sign_in: &SignIn, engine: &Engine) {
        eprintln!("Sign in at {}:", text::visible(&sign_in.issuer));
        eprintln!("  {}", text::visible(&sign_in.address));
        if !self.services.no_browser {
            // where there is no browser, the address is there to be opened elsewhere
            let address = sign_in.address.clone();
            engine.send(Command::Browse { address });
        }
    }

    /// Signs and writes; asks for passphrases as often as it makes sense.
    fn make(
        &self,
        engine: &Engine,
        changes: &Receiver<()>,
        addition: AdditionId,
        plan: &AdditionPlan,
    ) -> Result<Arc<AdditionReport>, CliError> {
        let given = match &self.passphrase {
            Some(from) if plan.keys.iter().any(|key| key.encrypted) => from.given()?,
            _ => None,
        };
        let mut passphrases: Vec<Option<Secret>> = Vec::new();
        for key in &plan.keys {
            passphrases.push(match (key.encrypted, &given) {
                (false, _) => None,
                (true, Some(given)) => Some(given.clone()),
                (true, None) => Some(ask(&key.key)?),
            });
        }
        let mut tries = 0;
        loop {
            tries += 1;
            engine.send(Command::Add {
                addition,
                request: Box::new(self.request.clone()),
                passphrases: passphrases.clone(),
                accept: true,
            });
            let mut shown = false;
            let ended = wait_for(engine, changes, addition, |snapshot| {
                if let (Some(sign_in), false) = (&snapshot.sign_in, shown) {
                    shown = true;
                    self.sign_in(sign_in, engine);
                }
                let ended = remote(&snapshot.report)?;
                Some(Ok((ended, snapshot.ask)))
            })?;
            match ended {
                (Ok(report), _) => return Ok(report),
                (Err(failure), Some(position)) if given.is_none() && tries < TRIES => {
                    eprintln!("porthole: {}", text::visible(&failure.headline));
                    let key = plan.keys.get(position).map_or("the key", |key| &key.key);
                    passphrases[position] = Some(ask(key)?);
                }
                (Err(failure), _) => return Err(failure.into()),
            }
        }
    }
}

/// Asks whether what services show to others may be shown.
fn agree() -> Result<(), CliError> {
    let hint = "Agree to it: --yes; or sign with a key and without a log";
    let refused = || Failure::refused("nobody agreed to what others will see", hint);
    if !io::stdin().is_terminal() {
        return Err(refused().into());
    }
    eprint!("  This cannot be taken back. Go on? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(refused().into()),
    }
}

/// `KEY=VALUE` of the command line.
pub(super) fn annotations(given: &[String]) -> Result<Annotations, CliError> {
    let mut annotations = Annotations::new();
    for text in given {
        let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
        let (key, value) = pair.ok_or_else(|| {
            let what = format!("{text:?} is no annotation");
            Failure::refused(what, "Write KEY=VALUE")
        })?;
        let before = annotations.insert(key.to_owned(), value.to_owned());
        if before.is_some() {
            let what = format!("the annotation {key:?} is given more than once");
            return Err(Failure::refused(what, "Give each annotation one value").into());
        }
    }
    Ok(annotations)
}

/// What stands between commas, as cosign reads lists on its command line: a part that begins
/// with a quotation mark goes to the next one, with two of them for one in it.
pub(super) fn listed(given: &[String]) -> Result<Vec<String>, CliError> {
    let mut all = Vec::new();
    for text in given {
        let mut rest = Some(text.as_str());
        while let Some(text) = rest {
            let (part, after) = match text.strip_prefix('"') {
                Some(quoted) => unquoted(quoted).ok_or_else(|| {
                    let what = format!("{text:?} is no list of annotations");
                    Failure::refused(what, "End what begins with a quotation mark with another")
                })?,
                None => match text.split_once(',') {
                    Some((part, after)) => (part.to_owned(), Some(after)),
                    None => (text.to_owned(), None),
                },
            };
            all.push(part);
            rest = after;
        }
    }
    Ok(all)
}

/// The part before the mark that ends it, and what stands behind the comma after that.
fn unquoted(text: &str) -> Option<(String, Option<&str>)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.chars().next() {
            None => return Some((part, None)),
            Some(',') => return Some((part, Some(&after[1..]))),
            Some('"') => part.push('"'),
            Some(_) => return None,
        }
        rest = &after[1..];
    }
}

fn remote<T: Clone>(remote: &Remote<T>) -> Option<Result<T, Failure>> {
    match remote {
        Remote::Ready(value) => Some(Ok(value.clone())),
        Remote::Failed { error, .. } => Some(Err(Failure::clone(error))),
        Remote::NotAsked | Remote::Pending { .. } => None,
    }
}

fn wait_for<T>(
    engine: &Engine,
    changes: &Receiver<()>,
    addition: AdditionId,
    mut look: impl FnMut(&AdditionSnapshot) -> Option<Result<T, CliError>>,
) -> Result<T, CliError> {
    loop {
        if let Some(found) = engine.addition(addition).as_deref().and_then(&mut look) {
            return found;
        }
        // the sender lives as long as the engine
        let _ = changes.recv();
    }
}

fn print_plan(out: &mut impl Write, plan: &AdditionPlan, payloads: bool) -> io::Result<()> {
    let reference = text::visible(&plan.reference);
    writeln!(out, "{reference} is {}", plan.root.digest)?;
    for key in &plan.keys {
        let facts = key
            .facts
            .as_deref()
            .unwrap_or("its public half is not beside it");
        let key = text::visible(&key.key);
        writeln!(out, "  key {key}: {}", text::visible(facts))?;
    }
    for service in &plan.services {
        let address = text::visible(&service.address);
        writeln!(out, "  {} {address}", service.role)?;
        if let (Some(shows), false) = (&service.shows, service.accepted) {
            writeln!(out, "    Note: {}", text::visible(shows))?;
        }
    }
    for warning in &plan.warnings {
        writeln!(out, "  Note: {}", text::visible(warning))?;
    }
    for piece in &plan.pieces {
        let (digest, label) = (&piece.subject.digest, text::visible(&piece.label));
        writeln!(out, "  {digest} {label}")?;
        let (what, place) = (text::visible(&piece.what), text::visible(&piece.place));
        writeln!(out, "    {what}, into {place}")?;
        if payloads {
            let payload = String::from_utf8_lossy(&piece.payload);
            writeln!(out, "    {}", text::visible(&payload))?;
        }
    }
    Ok(())
}

fn print_report(out: &mut impl Write, report: &AdditionReport) -> io::Result<()> {
    for written in &report.written {
        let label = text::visible(&written.label);
        writeln!(out, "{} {label}", written.subject)?;
        let (what, place) = (text::visible(&written.what), text::visible(&written.place));
        writeln!(out, "  {what}, in {place}")?;
        if let Some(digest) = &written.digest {
            writeln!(out, "  manifest {digest}")?;
        }
        writeln!(out, "  {}", text::visible(&written.checked))?;
        for vouched in &written.vouched {
            writeln!(out, "  {}", text::visible(vouched))?;
        }
    }
    for note in &report.notes {
        writeln!(out, "{}", text::visible(note))?;
    }
    Ok(())
}

fn plan_json(plan: &AdditionPlan) -> serde_json::Value {
    let pieces = plan.pieces.iter().map(|piece| {
        json!({
            "subject": piece.subject.digest,
            "label": piece.label,
            "what": piece.what,
            "place": piece.place,
            "payload": String::from_utf8_lossy(&piece.payload),
        })
    });
    let service = |service: &PlannedService| {
        json!({
            "role": service.role.to_string(),
            "address": service.address,
            "shows": service.shows,
            "accepted": service.accepted,
        })
    };
    json!({
        "reference": plan.reference,
        "digest": plan.root.digest,
        "services": plan.services.iter().map(service).collect::<Vec<_>>(),
        "warnings": plan.warnings,
        "pieces": pieces.collect::<Vec<_>>(),
    })
}

fn report_json(report: &AdditionReport) -> serde_json::Value {
    let written = report.written.iter().map(|written| {
        json!({
            "subject": written.subject,
            "label": written.label,
            "what": written.what,
            "place": written.place,
            "digest": written.digest,
            "checked": written.checked,
            "vouched": written.vouched,
        })
    });
    json!({
        "reference": report.reference,
        "written": written.collect::<Vec<_>>(),
        "notes": report.notes,
    })
}

fn write_json(out: &mut impl Write, value: &serde_json::Value) -> Result<(), CliError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The request of an addition to `reference`.
pub(super) fn request(reference: String, recursive: bool, addition: Addition) -> AdditionRequest {
    AdditionRequest {
        reference,
        recursive,
        addition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_cosign_reads_them() {
        let owned = |parts: &[&str]| -> Vec<String> {
            parts.iter().map(|part| (*part).to_owned()).collect()
        };
        let read = |text: &str| listed(&[text.to_owned()]).ok();
        for (text, parts) in [
            ("a=1", &["a=1"][..]),
            ("a=1,b=2", &["a=1", "b=2"]),
            ("a=1,\"b=2,3\",c=4", &["a=1", "b=2,3", "c=4"]),
            ("\"a=say \"\"yes\"\"\"", &["a=say \"yes\""]),
            ("a=\"1\"", &["a=\"1\""]),
            ("a=1,", &["a=1", ""]),
        ] {
            assert_eq!(read(text).as_deref(), Some(&owned(parts)[..]), "{text}");
        }
        for wrong in ["\"a=1", "\"a=1\"b", "\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        // what is no pair is refused behind that
        assert!(annotations(&listed(&["a=1, b".to_owned()]).unwrap()).is_err());
        // and one of two values is not chosen for anybody
        let all = |text: &str| annotations(&listed(&[text.to_owned()]).unwrap());
        assert_eq!(all("a=1,b=1").unwrap().len(), 2);
        let twice = all("a=1,b=2,a=2").unwrap_err();
        assert!(format!("{twice:?}").contains("the annotation"), "{twice:?}");
    }
}

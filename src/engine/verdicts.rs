//! Verdicts that were given, by everything that they depend on: the image, its name, the
//! policy with all that it names, the trust root, and the signatures that were found. A
//! place is asked for signatures every time; only judging them again is saved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::{Digest, limits};
use crate::signature::policy::{Policy, ScopeName, judge};
use crate::signature::{Discovered, Subject, SubjectReport, TrustRoot};

/// How long a verdict holds: what it says of times is as old as it is.
const HOLDS: Duration = Duration::from_secs(10 * 60);

/// The verdicts.
#[derive(Default)]
pub(super) struct Verdicts {
    given: Mutex<HashMap<Digest, (Instant, Arc<SubjectReport>)>>,
}

impl Verdicts {
    /// Judges, or gives what was judged of the same before.
    pub fn judge(
        &self,
        discovered: &Discovered,
        subject: &Subject,
        name: &ScopeName,
        policy: Option<&Policy>,
        root: Option<&TrustRoot>,
    ) -> Arc<SubjectReport> {
        let key = key(discovered, subject, name, policy, root);
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let known = given.get(&key);
        if let Some((since, report)) = known
            && since.elapsed() < HOLDS
        {
            return Arc::clone(report);
        }
        drop(given);
        let report = Arc::new(judge(discovered, subject, name, policy, root));
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() >= limits::VERDICTS {
            given.clear();
        }
        given.insert(key, (Instant::now(), Arc::clone(&report)));
        report
    }
}

fn key(
    discovered: &Discovered,
    subject: &Subject,
    name: &ScopeName,
    policy: Option<&Policy>,
    root: Option<&TrustRoot>,
) -> Digest {
    let policy = policy.map(|policy| (&policy.source, &policy.fingerprint));
    let root = root.map(|root| (root.source(), root.fingerprint()));
    let found = discovered.found.iter();
    let found: Vec<_> = found
        .map(|found| {
            (
                found.format,
                found.raw.digest(),
                &found.annotations,
                &found.place,
            )
        })
        .collect();
    let problems: Vec<_> = discovered
        .problems
        .iter()
        .map(ToString::to_string)
        .collect();
    let looked = (&discovered.looked, discovered.outcome);
    let there = (discovered.attached, discovered.own_list);
    let text = format!(
        "{subject:?}\n{name:?}\n{policy:?}\n{root:?}\n{found:?}\n{problems:?}\n{looked:?}\n{there:?}"
    );
    Digest::sha256(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, MediaType, RawDocument};
    use crate::transport::ListingOutcome;

    #[test]
    fn the_same_is_judged_once_and_anything_else_anew() {
        let verdicts = Verdicts::default();
        let media_type = MediaType::new(MediaType::OCI_MANIFEST);
        let raw = |text: &'static str| {
            RawDocument::hash(
                text.as_bytes().into(),
                Algorithm::Sha256,
                media_type.clone(),
            )
        };
        let subject = Subject::of(&raw("x"), media_type.clone());
        let discovered = Discovered {
            subject: subject.digest.clone(),
            found: Vec::new(),
            looked: Vec::new(),
            problems: Vec::new(),
            outcome: ListingOutcome::Listed,
            attached: false,
            own_list: false,
        };
        let name = ScopeName::from("host/app");
        let policy = |scope: &str| {
            let text = format!(
                "version = 1\n[[rule]]\nscope = {scope:?}\nsigners = [\"s\"]\n[[signer]]\nname = \"s\"\nidentity = \"a\"\nissuer = \"b\"\n"
            );
            Policy::read(&text, "p", &|_: &str| Err(String::new())).unwrap()
        };
        let one = policy("*");
        let judge = |discovered: &Discovered, policy: &Policy, name: &ScopeName| {
            verdicts.judge(discovered, &subject, name, Some(policy), None)
        };
        let first = judge(&discovered, &one, &name);
        assert!(Arc::ptr_eq(&first, &judge(&discovered, &one, &name)));
        assert!(!Arc::ptr_eq(
            &first,
            &judge(&discovered, &policy("**"), &name)
        ));
        let other = ScopeName::from("host/other");
        assert!(!Arc::ptr_eq(&first, &judge(&discovered, &one, &other)));
        let change: [fn(&mut Discovered); 3] = [
            |discovered| discovered.outcome = ListingOutcome::CannotList,
            |discovered| discovered.attached = true,
            |discovered| discovered.own_list = true,
        ];
        for change in change {
            let mut other = discovered.clone();
            change(&mut other);
            assert!(!Arc::ptr_eq(&first, &judge(&other, &one, &name)));
        }
    }
}

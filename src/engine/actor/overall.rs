//! An index and its platforms taken together, as the policy's level asks for it.

use std::sync::Arc;

use crate::engine::{NodePath, Remote, SubjectReports};
use crate::model::Digest;
use crate::signature::policy::{Level, overall, through};
use crate::signature::{SubjectReport, Verdict};

use super::Actor;

/// Most platforms of an index that are judged with it.
const PLATFORMS: usize = crate::model::limits::JUDGED_PLATFORMS;

type Known = Remote<Arc<SubjectReport>>;

impl Actor {
    /// What is shown: every report, with the verdict that index and platforms come to
    /// together. What that takes is asked for.
    pub(super) fn settle_verdicts(&mut self) {
        let own = Arc::clone(&self.verifications.own);
        let mut shown = SubjectReports::clone(&own);
        let Some((root, platforms)) = self.index_of_platforms() else {
            self.verifications.reports = own;
            return;
        };
        let mut wanted = Vec::new();
        if let Some(Remote::Ready(index)) = own.get(&root) {
            let accepted = index.verdict.is_accepted();
            let level = index.level.unwrap_or(Level::This);
            let asks = match level {
                Level::This => false,
                Level::Either => !accepted,
                Level::Both => accepted,
            };
            if asks {
                let all = together(level, index, &platforms, &own);
                wanted.extend(platforms.iter().map(|(path, ..)| path.clone()));
                shown.insert(root.clone(), all);
            }
        }
        for (_, _, digest) in &platforms {
            let (Some(Remote::Ready(image)), known) = (own.get(digest), own.get(&root)) else {
                continue;
            };
            if image.level != Some(Level::Either) || image.verdict.is_accepted() {
                continue;
            }
            let settled = match known {
                Some(Remote::Ready(index)) => Remote::Ready(changed(image, through(index, image))),
                Some(Remote::Failed { .. }) => Remote::Ready(Arc::clone(image)),
                _ => {
                    wanted.push(NodePath::root());
                    Remote::Pending { previous: None }
                }
            };
            shown.insert(digest.clone(), settled);
        }
        self.verifications.reports = Arc::new(shown);
        for path in wanted {
            self.want_verification_once(path);
        }
    }

    /// The index that was opened, and the images that it lists: path, name, digest.
    #[expect(
        clippy::type_complexity,
        reason = "three things of each, used here only"
    )]
    fn index_of_platforms(&self) -> Option<(Digest, Vec<(NodePath, String, Digest)>)> {
        let image = self.image()?;
        let index = image.root.document.index()?;
        let images = index
            .descriptors()
            .filter(|(_, entry)| !entry.is_buildkit_attestation())
            .take(PLATFORMS + 1)
            .map(|(position, entry)| {
                let name = entry.platform.as_ref().map(ToString::to_string);
                let name = name.unwrap_or_else(|| entry.digest.short());
                (NodePath::root().child(position), name, entry.digest.clone())
            });
        let digest = image.root.document.raw().digest().clone();
        Some((digest, images.collect()))
    }
}

/// The index with its platforms; pending as long as one of them is.
fn together(
    level: Level,
    index: &Arc<SubjectReport>,
    platforms: &[(NodePath, String, Digest)],
    own: &SubjectReports,
) -> Known {
    if platforms.len() > PLATFORMS {
        return Remote::Ready(changed(
            index,
            Verdict::CannotSay {
                why: format!("the index lists more than {PLATFORMS} platforms"),
                hint: "Verify the platform that you use".to_owned(),
            },
        ));
    }
    let mut reports = Vec::new();
    for (_, name, digest) in platforms {
        match own.get(digest) {
            Some(Remote::Ready(report)) => reports.push((name.clone(), Arc::clone(report))),
            Some(Remote::Failed { error, .. }) => {
                let verdict = Verdict::CannotSay {
                    why: format!("{name}: {}", error.headline),
                    hint: error.hint.clone(),
                };
                return Remote::Ready(changed(index, verdict));
            }
            _ => return Remote::Pending { previous: None },
        }
    }
    Remote::Ready(changed(index, overall(level, index, &reports)))
}

/// The report with another verdict, and its own beside it.
fn changed(report: &Arc<SubjectReport>, verdict: Verdict) -> Arc<SubjectReport> {
    if report.verdict == verdict {
        return Arc::clone(report);
    }
    Arc::new(SubjectReport {
        own: Some(report.verdict.clone()),
        verdict,
        ..SubjectReport::clone(report)
    })
}

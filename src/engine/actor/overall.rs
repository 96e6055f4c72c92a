//! An index and its platforms taken together, as the policy's level asks for it.

use std::sync::Arc;

use crate::engine::queue::Urgency;
use crate::engine::{NodePath, Remote, SubjectReports};
use crate::model::{Descriptor, Digest, Document};
use crate::signature::policy::{Level, overall, through};
use crate::signature::{SubjectReport, Verdict, images};

use super::Actor;

/// Most platforms of an index that are judged with it.
const PLATFORMS: usize = crate::model::limits::JUDGED_PLATFORMS;

type Known = Remote<Arc<SubjectReport>>;

/// An image, or an index, that an index lists.
struct Platform {
    path: NodePath,
    name: String,
    digest: Digest,
}

/// What an index lists, as far as it is known.
enum Listed {
    All(Vec<Platform>),
    /// These have to be read first: any of them may be an index again.
    Unread(Vec<NodePath>),
    /// What it lists cannot be said.
    Unclear(Verdict),
}

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
        let (mut wanted, mut unread) = (Vec::new(), Vec::new());
        if let Some(Remote::Ready(index)) = own.get(&root) {
            let level = index.level.unwrap_or(Level::This);
            if level.asks_for_platforms(index.verdict.is_accepted()) {
                let all = match self.counted(level) {
                    Listed::All(platforms) => {
                        let all = together(level, index, &platforms, &own);
                        wanted.extend(platforms.into_iter().map(|platform| platform.path));
                        all
                    }
                    Listed::Unread(paths) => {
                        unread = paths;
                        Remote::Pending { previous: None }
                    }
                    Listed::Unclear(verdict) => Remote::Ready(changed(index, verdict)),
                };
                shown.insert(root.clone(), all);
            }
        }
        for digest in &platforms {
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
        for path in unread {
            self.enqueue(path, Urgency::Rest);
        }
        for path in wanted {
            self.want_verification_once(path);
        }
    }

    /// The digests of the index that was opened, and of the images that it lists; none where
    /// that is not clear.
    fn index_of_platforms(&self) -> Option<(Digest, Vec<Digest>)> {
        let document = &self.image()?.root.document;
        if document.is_ambiguous() {
            return Some((document.raw().digest().clone(), Vec::new()));
        }
        let entries = document.index()?.descriptors();
        let images = entries.filter(|(_, entry)| entry.may_be_image());
        let images = images.map(|(_, entry)| entry.digest.clone());
        Some((
            document.raw().digest().clone(),
            images.take(PLATFORMS + 1).collect(),
        ))
    }

    /// Everything that has to be accepted for the level. A nested index that is accepted stands
    /// for what it lists, where the level takes an index for its platforms.
    fn counted(&self, level: Level) -> Listed {
        let Some(image) = self.image() else {
            return Listed::All(Vec::new());
        };
        let (mut found, mut unread) = (Vec::new(), Vec::new());
        let mut indexes = vec![(NodePath::root(), String::new())];
        while let Some((above, prefix)) = indexes.pop() {
            let Some(node) = image.node(&above) else {
                continue;
            };
            let entries = match entries(&node.document) {
                Ok(entries) => entries,
                Err(verdict) => return Listed::Unclear(verdict),
            };
            if found.len() + entries.len() > PLATFORMS {
                return Listed::Unclear(too_many());
            }
            for (position, entry) in entries {
                let path = above.child(position);
                let name = entry.platform.as_ref().map(ToString::to_string);
                let name = name.unwrap_or_else(|| entry.digest.short());
                let name = format!("{prefix}{name}");
                if level != Level::Either {
                    match (image.node(&path), node.child(position)) {
                        (Some(child), _) if may_list(&child.document) => {
                            indexes.push((path.clone(), format!("{name}, ")));
                        }
                        (None, Some(Remote::Failed { error, .. })) => {
                            return Listed::Unclear(Verdict::CannotSay {
                                why: format!("{name}: {}", error.headline),
                                hint: error.hint.clone(),
                            });
                        }
                        (None, _) => unread.push(path.clone()),
                        (Some(_), _) => {}
                    }
                }
                found.push(Platform {
                    path,
                    name,
                    digest: entry.digest.clone(),
                });
            }
        }
        if unread.is_empty() {
            Listed::All(found)
        } else {
            Listed::Unread(unread)
        }
    }
}

/// Whether it is an index for some reader.
fn may_list(document: &Document) -> bool {
    document.index().is_some() || document.is_ambiguous()
}

/// The entries of an index that may be images, if that is the same for every reader.
fn entries(document: &Document) -> Result<Vec<(usize, &Descriptor)>, Verdict> {
    // before it is read for a second time: it may be long
    let listed = document.index().map_or(0, |index| index.entries.len());
    if listed > PLATFORMS * 4 {
        return Err(too_many());
    }
    images(document).map_err(|unclear| Verdict::CannotSay {
        why: format!("what the index lists is not clear: {unclear}"),
        hint: unclear.hint().to_owned(),
    })
}

fn too_many() -> Verdict {
    Verdict::CannotSay {
        why: format!("the index lists more than {PLATFORMS} platforms"),
        hint: "Verify the platform that you use".to_owned(),
    }
}

/// The index with its platforms; pending as long as one of them is.
fn together(
    level: Level,
    index: &Arc<SubjectReport>,
    platforms: &[Platform],
    own: &SubjectReports,
) -> Known {
    let mut reports = Vec::new();
    for Platform { name, digest, .. } in platforms {
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

//! Copies of all tags through the engine: planned while somebody chooses, and made as one job.

use std::net::TcpListener;
use std::sync::Arc;

use porthole::copy::CopyOptions;
use porthole::engine::{
    Command, CopyId, CopyRequest, JobKind, JobSnapshot, JobState, Outcome, Remote, TagFilter,
    TagState, Tags, TagsId, TagsRequest,
};

use crate::support::layout::Layout;
use crate::support::registry::{Registry, Writes};
use crate::support::watch::Watch;

fn request(source: &str, destination: &str) -> TagsRequest {
    TagsRequest::new(source, destination, CopyOptions::default()).unwrap()
}

fn plan(watch: &Watch, tags: TagsId, request: &TagsRequest) -> Arc<Tags> {
    watch.engine.send(Command::PlanTags {
        tags,
        request: Box::new(request.clone()),
        tell: false,
    });
    watch.wait(|| {
        let known = watch.engine.tags(tags)?;
        let ended = known.ended && known.request == *request;
        match &known.tags {
            Remote::Ready(tags) if ended => Some(Arc::clone(tags)),
            _ => None,
        }
    })
}

fn job_of_tags(watch: &Watch) -> Option<Arc<JobSnapshot>> {
    let jobs = watch.engine.jobs();
    let mut jobs = jobs.iter().filter(|job| job.kind == JobKind::CopyTags);
    jobs.next().cloned()
}

/// A word for how each tag stands, by its name: a registry lists them in any order.
fn words(tags: &Tags) -> Vec<(String, &'static str)> {
    let names = tags.names().iter().enumerate();
    let mut words: Vec<_> = names
        .map(|(at, name)| {
            let word = match tags.state(at) {
                TagState::Waiting => "waiting",
                TagState::Planned(planned) if planned.replaces.is_some() => "moves",
                TagState::Planned(_) => "new",
                TagState::Copying => "copying",
                TagState::Present(_) => "there",
                TagState::Copied(_) => "copied",
                TagState::Failed(_) => "failed",
            };
            (name.to_string(), word)
        })
        .collect();
    words.sort();
    words
}

fn named(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    let pairs = pairs.iter().map(|(name, word)| ((*name).to_owned(), *word));
    pairs.collect()
}

#[test]
fn a_plan_says_what_becomes_of_each_tag_and_is_used_again() {
    let watch = Watch::start();
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let (one, two) = (
        layout.image("linux/amd64", &["one"]),
        layout.image("linux/amd64", &["two"]),
    );
    layout.name("1.0", &one);
    layout.name("1.1", &two);
    layout.name("latest", &two);
    let registry = Registry::with_writes(Writes::default());
    let source = format!("oci:{}/from", folder.path().display());
    let there = registry.reference("app");
    watch.engine.send(Command::CopyTags {
        tags: TagsId::next(),
        request: Box::new(request(&source, &there)),
        tell: false,
    });
    watch.wait(|| (job_of_tags(&watch)?.state == JobState::Done).then_some(()));

    // the folder has one of them, and another image under the name of the second
    let place = format!("oci:{}/to", folder.path().display());
    for (tag, name) in [("1.0", "1.0"), ("1.0", "1.1")] {
        let copy = CopyId::next();
        watch.engine.send(Command::Copy {
            copy,
            request: Box::new(CopyRequest {
                source: format!("{there}:{tag}"),
                destination: format!("{place}:{name}"),
                options: CopyOptions::default(),
            }),
        });
        watch.wait(|| watch.engine.copy(copy)?.report.value().map(|_| ()));
    }
    let tags = TagsId::next();
    let all = request(&there, &place);
    let planned = plan(&watch, tags, &all);
    let expected = [("1.0", "there"), ("1.1", "moves"), ("latest", "new")];
    assert_eq!(words(&planned), named(&expected));
    let counts = planned.counts();
    assert_eq!((counts.present, counts.planned, counts.moved), (1, 2, 1));
    // what both stand for is sent once
    let states = (0..3).map(|at| planned.state(at));
    let mut sent: Vec<_> = states
        .filter_map(|state| match state {
            TagState::Planned(planned) => Some(planned.sent),
            _ => None,
        })
        .collect();
    sent.sort_unstable();
    assert!(sent[1] > 0);
    assert_eq!(sent, [0, counts.to_send]);

    // with other filters nothing is asked again of what is known
    let asked = || {
        let lines = registry.lines();
        lines
            .iter()
            .filter(|line| line.contains("/manifests/"))
            .count()
    };
    let before = asked();
    let fewer = all.filtered(None, Some(TagFilter::new("1\\.0").unwrap()));
    let planned = plan(&watch, tags, &fewer);
    let expected = [("1.1", "moves"), ("latest", "new")];
    assert_eq!(words(&planned), named(&expected));
    assert_eq!(asked(), before);
    watch.engine.send(Command::ForgetTags { tags });
    watch.wait(|| watch.engine.tags(tags).is_none().then_some(()));
}

#[test]
fn a_copy_that_is_cancelled_goes_on_in_its_job() {
    let watch = Watch::start();
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["one"]);
    layout.name("1.0", &image);
    layout.name("2.0", &image);
    // others have their turn, and never end
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap();
    let others = [CopyId::next(), CopyId::next()];
    for (number, copy) in others.iter().enumerate() {
        watch.engine.send(Command::Copy {
            copy: *copy,
            request: Box::new(CopyRequest {
                source: format!("docker://{host}/a:{number}"),
                destination: format!("oci:{}/{number}", folder.path().display()),
                options: CopyOptions::default(),
            }),
        });
    }
    let place = |name: &str| format!("oci:{}/{name}", folder.path().display());
    let tags = TagsId::next();
    watch.engine.send(Command::CopyTags {
        tags,
        request: Box::new(request(&place("from"), &place("to"))),
        tell: false,
    });
    watch.wait(|| watch.engine.tags(tags)?.tags.value().map(|_| ()));
    let job = job_of_tags(&watch).unwrap().id;
    watch.engine.send(Command::Cancel { job });
    watch.wait(|| (job_of_tags(&watch)?.state == JobState::Cancelled).then_some(()));
    assert!(watch.engine.tags(tags).unwrap().ended);
    assert!(!folder.path().join("to").exists(), "it was not its turn");

    for copy in others {
        watch.engine.send(Command::ForgetCopy { copy });
    }
    watch.engine.send(Command::Retry { job });
    watch.wait(|| (job_of_tags(&watch)?.state == JobState::Done).then_some(()));
    assert_eq!(job_of_tags(&watch).unwrap().id, job);
    let known = watch.engine.tags(tags).unwrap();
    let counts = known.tags.value().unwrap().counts();
    assert_eq!((counts.copied, counts.all()), (2, 2));
    // whoever only shows them has nothing to take away but that it ended
    let told = watch.engine.take_outcomes();
    let of_one = |outcome: &&Outcome| matches!(outcome, Outcome::TagEnded { .. });
    assert_eq!(told.iter().find(of_one), None);
    assert!(told.contains(&Outcome::TagsEnded { tags }), "{told:?}");
    let named = std::fs::read_to_string(folder.path().join("to/index.json")).unwrap();
    assert!(
        named.contains("\"1.0\"") && named.contains("\"2.0\""),
        "{named}"
    );
}

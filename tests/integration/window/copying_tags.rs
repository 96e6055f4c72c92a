//! Copying all tags of a repository, over an engine that says what the test says.

use porthole::copy::CopyOptions;
use porthole::engine::{
    Failure, JobId, JobKind, JobSnapshot, JobState, Listed, Place, PlaceSnapshot, Progress, Remote,
    TagsId, TagsRequest, Unit,
};

use super::dragging::{center, drag};
use super::*;

/// A window with a registry that has the repository `edge/api`, and another registry.
fn places() -> Window {
    let mut settings = Settings::default();
    settings.places.add_registry("registry.example.com");
    settings.places.add_registry("mirror.example.com");
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    window.slots.put_place(Arc::new(PlaceSnapshot {
        place: Place::Registry("registry.example.com".to_owned()),
        generation: 1,
        listed: Remote::Ready(Listed::Names([Arc::from("edge/api")].into())),
        facts: Arc::default(),
    }));
    window.harness.run();
    window.sent();
    window
}

fn planned(window: &mut Window) -> Option<(TagsId, TagsRequest)> {
    let sent = window.sent().into_iter().rev();
    sent.into_iter().find_map(|command| match command {
        Command::PlanTags { tags, request, .. } => Some((tags, *request)),
        _ => None,
    })
}

fn type_into(window: &mut Window, field: &str, words: &str) {
    window.field(field).focus();
    window.harness.run();
    window.press(CTRL, Key::A);
    window.field(field).type_text(words);
    window.harness.run();
}

#[test]
fn a_repository_is_dropped_on_a_registry_with_all_its_tags() {
    let mut window = places();
    let repository = center(&window, Role::TreeItem, "edge/api");
    let registry = center(&window, Role::TreeItem, "mirror.example.com");
    drag(&mut window, repository, registry);
    let (_, request) = planned(&mut window).expect("a plan is asked for");
    let places = [request.source(), request.destination()];
    assert_eq!(
        places,
        [
            "docker://registry.example.com/edge/api",
            "docker://mirror.example.com/edge/api"
        ]
    );
    assert_eq!(*request.options(), CopyOptions::default());
}

#[test]
fn tags_are_chosen_and_planned_before_they_are_copied() {
    let mut window = places();
    window.choose_of(Role::TreeItem, "edge/api", "Copy all tags…");
    // the other registry is offered
    let (first, request) = planned(&mut window).unwrap();
    assert_eq!(
        request.destination(),
        "docker://mirror.example.com/edge/api"
    );
    type_into(&mut window, "Only those", "v(1");
    assert_eq!(planned(&mut window), None);
    assert!(window.says_like(|text| text.contains("unclosed group")));
    assert!(!window.is_enabled(Role::Button, "Copy"));
    type_into(&mut window, "Only those", "v1.*");
    type_into(&mut window, "Without those", ".*-rc");
    window.click(Role::CheckBox, "Signatures");
    let (id, request) = planned(&mut window).unwrap();
    assert_eq!(id, first);
    assert!(request.options().remove_signatures && !request.options().no_referrers);
    assert!(window.says_like(|text| {
        text.starts_with("porthole copy --all-tags '--tags=v1.*' '--without-tags=.*-rc'")
    }));
    // it is not started before the tags are known, and closing gives it up
    assert!(!window.is_enabled(Role::Button, "Copy"));
    window.click(Role::Button, "Cancel");
    let sent = window.sent();
    assert!(sent.contains(&Command::ForgetTags { tags: id }), "{sent:?}");
}

#[test]
fn all_images_of_a_folder_are_copied_from_its_menu() {
    let mut settings = Settings::default();
    settings.places.add_registry("mirror.example.com");
    settings.places.add_folder("oci:/mnt/stick");
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    window.harness.run();
    window.choose_of(Role::TreeItem, "stick", "Copy all images…");
    assert!(window.says("Copy all images of stick"));
    let (_, request) = planned(&mut window).unwrap();
    let places = [request.source(), request.destination()];
    assert_eq!(
        places,
        ["oci:/mnt/stick", "docker://mirror.example.com/stick"]
    );
}

#[test]
fn what_is_no_place_for_several_images_is_refused_where_it_is_typed() {
    let mut window = places();
    window.choose_of(Role::TreeItem, "edge/api", "Copy all tags…");
    window.sent();
    for (typed, said) in [
        ("mirror.example.com/edge/api:1", "names one image"),
        (
            "dir:/mnt/stick",
            "is no place for the images of several tags",
        ),
    ] {
        type_into(&mut window, "Destination", typed);
        assert_eq!(planned(&mut window), None, "{typed}");
        assert!(window.says_like(|text| text.contains(said)), "{typed}");
        assert!(!window.is_enabled(Role::Button, "Copy"), "{typed}");
    }
    type_into(&mut window, "Destination", "oci:/mnt/stick/api");
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(request.destination(), "oci:/mnt/stick/api");
}

#[test]
fn a_job_of_tags_counts_them_and_leads_to_what_became_of_each() {
    let mut window = places();
    let progress = Progress::new(Unit::Tags);
    progress.restart(Unit::Tags, 12, Some(214));
    let job = JobSnapshot {
        id: JobId::next(),
        kind: JobKind::CopyTags,
        title: "Copy all tags of docker://registry.example.com/edge/api to oci:/mnt/api".into(),
        image: ImageId::next(),
        progress: Arc::new(progress),
        state: JobState::Running { phase: "copying" },
        started: std::time::Instant::now(),
        ended: None,
    };
    window.slots.put_job(Arc::new(job.clone()));
    window.harness.run_steps(2);
    assert!(window.says_like(|text| text == "12 of 214 tags"));
    // what is done of the next one moves the bar
    let share = |window: &Window| {
        let bars = window.harness.query_all_by_role(Role::ProgressIndicator);
        let mut shares = bars.filter_map(|bar| bar.accesskit_node().numeric_value());
        shares.next()
    };
    assert_eq!(share(&window), Some(6.0));
    job.progress.put_part(1, 2);
    job.progress.restart(Unit::Tags, 106, Some(214));
    job.progress.put_part(1, 1);
    window.harness.run_steps(2);
    assert_eq!(share(&window), Some(50.0));
    window.slots.put_job(Arc::new(JobSnapshot {
        state: JobState::Failed(Arc::new(Failure::of_tags(
            vec!["1.8: denied".to_owned()],
            214,
        ))),
        ended: Some(std::time::Instant::now()),
        ..job.clone()
    }));
    window.harness.run();
    assert!(window.says_like(|text| text.contains("1 of 214 tags were not copied")));
    window.click(Role::Link, "Report…");
    assert!(window.says_like(|text| text.contains("not known any more")));
    window.click(Role::Button, "Copy the rest again");
    assert!(window.sent().contains(&Command::Retry { job: job.id }));
}

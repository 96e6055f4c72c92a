//! Servers and networks that fail: a clear error in bounded time, or success after all.

use std::time::{Duration, Instant, SystemTime};

use porthole::config::{Network, Retry};
use porthole::transport::Problem;

use super::{BUSYBOX, client, document, network, problem, resolve, source};
use crate::support::registry::{Fault, Registry};

fn registry() -> Registry {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    registry
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again() {
    for fault in [
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::status(429),
        Fault::status(503).with_header("Retry-After", "0"),
        Fault::Close,
        Fault::CutAfter(100),
        Fault::Length(1 << 20),
    ] {
        let registry = registry();
        registry.fault_times("/manifests/", 3, fault.clone());
        let read = resolve(network(), &registry.reference("busybox:1.37.0")).await;
        read.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(registry.requests().len(), 4, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_always_fails_is_an_error_soon_with_its_words() {
    let registry = registry();
    registry.fault(
        "/manifests/",
        Fault::error(500, "UNKNOWN", "the disk is full"),
    );
    let started = Instant::now();
    // the pauses of the program itself, not of the tests
    let network = Network {
        retry: Retry::default(),
        ..network()
    };
    match problem(network, &registry.reference("busybox:1.37.0")).await {
        Problem::Server {
            status: 500,
            message,
        } => {
            assert_eq!(message, "UNKNOWN: the disk is full");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(registry.requests().len(), 4);
}

#[tokio::test]
async fn what_stays_so_is_asked_once() {
    for (fault, check) in [
        (
            Fault::error(403, "DENIED", "requested access to the resource is denied"),
            Box::new(
                |p: &Problem| matches!(p, Problem::Forbidden { status: 403, message } if message.starts_with("DENIED")),
            ) as Box<dyn Fn(&Problem) -> bool>,
        ),
        (
            Fault::status(401),
            Box::new(|p| matches!(p, Problem::Unauthorized { status: 401, .. })),
        ),
        (Fault::status(404), Box::new(|p| *p == Problem::NotFound)),
        (
            Fault::status(400),
            Box::new(|p| matches!(p, Problem::Refused { status: 400, .. })),
        ),
        (
            Fault::status(405),
            Box::new(|p| matches!(p, Problem::Refused { status: 405, .. })),
        ),
        (
            Fault::status(501),
            Box::new(|p| matches!(p, Problem::Server { status: 501, .. })),
        ),
    ] {
        let registry = registry();
        registry.fault("/manifests/", fault.clone());
        let problem = problem(network(), &registry.reference("busybox:1.37.0")).await;
        assert!(check(&problem), "{fault:?}: {problem:?}");
        // where a tag is missing, its neighbours are looked at
        let mut lines = registry.lines();
        lines.retain(|line| line.contains("/manifests/"));
        assert_eq!(lines.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    // a date, as a server with a clock of its own writes it
    let date = Fault::status(429)
        .with_header("Date", "Wed, 21 Oct 2015 07:28:00 GMT")
        .with_header("Retry-After", "Wed, 21 Oct 2015 07:28:01 GMT");
    for fault in [Fault::status(429).with_header("Retry-After", "1"), date] {
        let registry = registry();
        registry.fault_times("/manifests/", 1, fault);
        let started = Instant::now();
        resolve(network(), &registry.reference("busybox:1.37.0"))
            .await
            .unwrap();
        assert!(
            started.elapsed() >= Duration::from_secs(1),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(registry.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_rate_limit_that_is_too_long_to_wait_for_is_an_error_with_the_time() {
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    let tomorrow = jiff::Timestamp::try_from(tomorrow).unwrap();
    let tomorrow = tomorrow.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (value, seconds) in [("3600", 3600), (tomorrow.as_str(), 86_400)] {
        let registry = registry();
        registry.fault(
            "/manifests/",
            Fault::status(429).with_header("Retry-After", value),
        );
        match problem(network(), &registry.reference("busybox:1.37.0")).await {
            Problem::RateLimited {
                retry_after: Some(wait),
            } => {
                assert!(wait.as_secs().abs_diff(seconds) <= 5, "{wait:?}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(registry.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_wait_that_nobody_waits_is_no_number_of_seconds() {
    let registry = registry();
    let asked = Fault::status(429).with_header("Retry-After", "99999999999999999999");
    registry.fault("/manifests/", asked);
    let hint = problem(network(), &registry.reference("busybox:1.37.0")).await;
    let hint = hint.hint();
    assert!(hint.contains("more than a day"), "{hint}");
}

#[tokio::test]
async fn a_document_that_trickles_is_an_error_after_its_time() {
    let registry = registry();
    let network = Network {
        stall_timeout: Duration::from_millis(200),
        ..network()
    };
    // each piece comes in time, and all of them never would
    registry.fault("/manifests/", Fault::Slow(Duration::from_millis(150)));
    match problem(network, &registry.reference("busybox:1.37.0")).await {
        Problem::Timeout { doing, .. } => assert_eq!(doing, "reading the answer"),
        other => panic!("{other:?}"),
    }
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn silence_is_an_error_after_its_time() {
    let registry = registry();
    let quick = || Network {
        stall_timeout: Duration::from_millis(200),
        ..network()
    };
    for (fault, doing) in [
        (Fault::Silence, "waiting for the answer"),
        (Fault::SilenceAfter(10), "reading the answer"),
    ] {
        registry.fault_times("/manifests/", 1, fault);
        let started = Instant::now();
        match problem(quick(), &registry.reference("busybox:1.37.0")).await {
            Problem::Timeout { doing: found, .. } => assert_eq!(found, doing),
            other => panic!("{other:?}"),
        }
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_host_that_takes_connections_and_says_nothing_is_an_error_after_its_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    let network = Network {
        connect_timeout: Duration::from_millis(200),
        ..network()
    };
    match problem(network, &format!("docker://{host}/a:b")).await {
        Problem::Timeout { doing, .. } => assert_eq!(doing, "connecting"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_host_where_nobody_listens_is_an_error_at_once() {
    let host = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    match problem(network(), &format!("docker://{host}/a:b")).await {
        Problem::Unreachable { why } => assert!(why.to_lowercase().contains("refused"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_host_name_that_is_not_known_is_an_error() {
    // RFC 6761: nobody ever answers for this name
    match problem(network(), "docker://registry.invalid/a:b").await {
        Problem::Unreachable { why } => assert!(why.contains("host name is not known"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bytes_that_are_not_http_are_an_error() {
    let registry = registry();
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"\0\0\0\0",
        b"HTTP/1.1 two hundred\r\n\r\n",
    ] {
        registry.fault_times("/manifests/", 4, Fault::Bytes(bytes.to_vec()));
        match problem(network(), &registry.reference("busybox:1.37.0")).await {
            Problem::BrokenOff { .. } | Problem::Protocol { .. } => {}
            other => panic!("{bytes:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn too_many_headers_are_an_error() {
    let registry = registry();
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..2000 {
        answer.extend_from_slice(format!("X-{number}: {}\r\n", "y".repeat(200)).as_bytes());
    }
    registry.fault("/manifests/", Fault::Bytes(answer));
    let problem = problem(network(), &registry.reference("busybox:1.37.0")).await;
    assert!(
        matches!(
            problem,
            Problem::BrokenOff { .. } | Problem::Protocol { .. }
        ),
        "{problem:?}"
    );
}

#[tokio::test]
async fn the_body_of_an_error_is_bounded() {
    let registry = registry();
    let long = "x".repeat(1 << 20);
    registry.fault("/manifests/", Fault::answer(403, "text/plain", &long));
    match problem(network(), &registry.reference("busybox:1.37.0")).await {
        Problem::Forbidden { message, .. } => assert!(message.len() < 1000, "{}", message.len()),
        other => panic!("{other:?}"),
    }
    let registry = self::registry();
    registry.fault("/manifests/", Fault::Endless { said: None });
    let started = Instant::now();
    problem(network(), &registry.reference("busybox:1.37.0")).await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn who_gives_up_ends_the_pauses_too() {
    let registry = registry();
    registry.fault(
        "/manifests/",
        Fault::status(429).with_header("Retry-After", "20"),
    );
    let source = source(&client(network()), &registry.reference("busybox:1.37.0"));
    let wait = Duration::from_millis(300);
    tokio::time::timeout(wait, document(&*source))
        .await
        .unwrap_err();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(registry.requests().len(), 1);
}

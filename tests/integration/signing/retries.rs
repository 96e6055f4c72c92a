//! Services that stumble: what does nothing twice is asked for again, and of everything else
//! it is known whether it may have been done.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use porthole::config::{Network, Retry};
use porthole::engine::{Command, EngineConfig, FailureKind, IdentityFrom, SignFormat, Signing};
use porthole::services::{LogEndpoint, log_entry};
use porthole::signature::sign::LogVersion;
use porthole::transport::registry::{Client, Message, Repeat, Within};

use super::Home;
use super::driven::{Driven, by_identity, config, request};
use super::place::layout;
use super::services::{BY_TOKEN, Waiting, services, sign};
use crate::support::registry::{Certificate, Registry};
use crate::support::sigstore::{Sigstore, Stumble};

/// Tries after the first one.
const LIMIT: usize = 3;

fn network() -> Network {
    Network {
        connect_timeout: Duration::from_millis(300),
        stall_timeout: Duration::from_millis(900),
        retry: Retry {
            limit: LIMIT as u32,
            pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            patience: Duration::from_secs(30),
        },
        ..Network::default()
    }
}

/// What a listener does with a connection.
#[derive(Clone, Copy)]
enum Does {
    HangsUp,
    /// Says nothing, and waits.
    IsSilent,
    /// Says this before anything is asked.
    SaysAtOnce(&'static str),
    /// Reads the request and hangs up.
    ReadsAndHangsUp,
    ReadsAndIsSilent,
    /// Reads the request and says this.
    Says(&'static str),
}

/// Listens on loopback. Gives the port, and how often somebody came.
fn listen(does: Does) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let stream = stream.unwrap();
            std::thread::spawn(move || serve(stream, does));
        }
    });
    (port, count)
}

fn serve(mut stream: TcpStream, does: Does) {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    // the request of this test ends so
    let reads = !matches!(does, Does::HangsUp | Does::IsSilent | Does::SaysAtOnce(_));
    let whole = |read: &[u8]| {
        read.ends_with(b"{\"an\":\"entry\"}")
            || (read.starts_with(b"GET") && read.ends_with(b"\r\n\r\n"))
    };
    while reads && !whole(&read) {
        match stream.read(&mut piece) {
            Ok(length @ 1..) => read.extend_from_slice(&piece[..length]),
            _ => return,
        }
    }
    match does {
        Does::HangsUp | Does::ReadsAndHangsUp => {}
        Does::IsSilent | Does::ReadsAndIsSilent => {
            // until the other side gives up
            while stream.read(&mut piece).is_ok_and(|length| length > 0) {}
        }
        Does::Says(answer) | Does::SaysAtOnce(answer) => drop(stream.write_all(answer.as_bytes())),
    }
}

/// Asks a log. Gives whether it may have taken the entry.
async fn in_doubt(client: &Client, address: &str, version: LogVersion) -> bool {
    let log = LogEndpoint {
        address: address.to_owned(),
        version,
    };
    let entry = log_entry(client, &log, "{\"an\":\"entry\"}".into()).await;
    entry.expect_err(address).in_doubt
}

#[tokio::test]
async fn the_fault_itself_says_whether_a_service_may_have_got_what_was_sent() {
    let both = [LogVersion::One, LogVersion::Two];
    let (before, after) = (false, true);

    // where nobody came to anybody
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for address in [
        closed.as_str(),
        "https://log.invalid",
        // plain http is not spoken to other machines
        "http://192.0.2.1",
        "https://user:password@192.0.2.1",
        "ftp://127.0.0.1",
        "no address",
        "",
    ] {
        for version in both {
            let client = Client::new(network()).unwrap();
            let doubt = in_doubt(&client, address, version).await;
            assert_eq!(doubt, before, "{address} {version:?}");
        }
    }

    // where TLS is not to be had, or is another's
    let (hangs_up, greetings) = listen(Does::HangsUp);
    let (plain, _) = listen(Does::SaysAtOnce("HTTP/1.1 200 OK\r\n\r\n"));
    let (silent, _) = listen(Does::IsSilent);
    let stranger = Registry::with_tls(Certificate::Right);
    for port in [hangs_up, plain, silent, stranger.port()] {
        let client = Client::new(network()).unwrap();
        let address = format!("https://127.0.0.1:{port}");
        let doubt = in_doubt(&client, &address, LogVersion::Two).await;
        assert_eq!(doubt, before, "{address}");
    }
    // what was not sent is tried again, whatever it was
    assert_eq!(greetings.load(Ordering::SeqCst), 1 + LIMIT);
    assert!(stranger.lines().is_empty());

    // what the other side does with what came, whether that leaves doubt, and how often
    // version 1, which takes nothing twice, and version 2 are asked
    let (once, all) = (1, 1 + LIMIT);
    for (does, doubt, first, second) in [
        (Does::HangsUp, after, all, once),
        (Does::ReadsAndHangsUp, after, all, once),
        (Does::ReadsAndIsSilent, after, once, once),
        (
            Does::Says("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"),
            after,
            all,
            once,
        ),
        (
            Does::Says("HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n"),
            after,
            all,
            once,
        ),
        (
            Does::Says("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"),
            after,
            all,
            once,
        ),
        (
            Does::Says("HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
            before,
            all,
            all,
        ),
        (
            Does::Says("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n"),
            before,
            all,
            all,
        ),
        (
            Does::Says("HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n"),
            before,
            once,
            once,
        ),
        (
            Does::Says("HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n"),
            before,
            once,
            once,
        ),
        (
            Does::Says("HTTP/1.1 307 X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"),
            after,
            once,
            once,
        ),
        (
            Does::Says("HTTP/1.1 201 X\r\nContent-Length: 9\r\n\r\n{\"cut"),
            after,
            all,
            once,
        ),
        (
            Does::Says("HTTP/1.1 201 X\r\nContent-Length: 2\r\n\r\n{}"),
            after,
            once,
            once,
        ),
        (
            Does::Says("HTTP/1.1 201 X\r\nContent-Length: 99999999\r\n\r\n"),
            after,
            once,
            once,
        ),
        // the entry is there, and nothing says where
        (
            Does::Says("HTTP/1.1 409 X\r\nContent-Length: 0\r\n\r\n"),
            after,
            once,
            once,
        ),
    ] {
        for (version, times) in both.into_iter().zip([first, second]) {
            let (port, count) = listen(does);
            let client = Client::new(network()).unwrap();
            let address = format!("http://127.0.0.1:{port}");
            let found = in_doubt(&client, &address, version).await;
            let what = match does {
                Does::HangsUp => "hangs up",
                Does::IsSilent | Does::SaysAtOnce(_) => "does not read",
                Does::ReadsAndHangsUp => "reads and hangs up",
                Does::ReadsAndIsSilent => "is silent",
                Does::Says(answer) => answer,
            };
            assert_eq!(found, doubt, "{what} {version:?}");
            assert_eq!(count.load(Ordering::SeqCst), times, "{what} {version:?}");
        }
    }

    // who wants to be left alone for long is not asked again, by nobody
    let (port, count) = listen(Does::Says(
        "HTTP/1.1 429 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
    ));
    let client = Client::new(network()).unwrap();
    let address = format!("http://127.0.0.1:{port}");
    for _ in 0..2 {
        assert_eq!(in_doubt(&client, &address, LogVersion::One).await, before);
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(client.waiting().len(), 1);
}

/// Time that runs out while nothing is on its way leaves nothing in doubt.
#[tokio::test]
async fn time_that_runs_out_in_a_pause_leaves_nothing_in_doubt() {
    let put_off = "HTTP/1.1 503 X\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n";
    for (does, doubt) in [(Does::Says(put_off), false), (Does::ReadsAndIsSilent, true)] {
        let (port, count) = listen(does);
        let network = Network {
            stall_timeout: Duration::from_secs(20),
            ..network()
        };
        let client = Client::new(network).unwrap();
        let address = format!("http://127.0.0.1:{port}");
        let message = Message::Post("text/plain", "{\"an\":\"entry\"}".into(), Repeat::Freely);
        let within = Within {
            bytes: 100,
            time: Duration::from_secs(1),
        };
        let asked = client.ask(&address, &message, None, "*/*", within).await;
        let unanswered = asked.map(|_| ()).unwrap_err();
        let why = unanswered.error.to_string();
        assert!(why.contains("no answer within 1 s"), "{why}");
        assert_eq!(unanswered.sent, doubt, "{why}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

/// Who is put off and switches off meanwhile asks no more.
#[tokio::test]
async fn offline_in_a_pause_nobody_is_asked_again() {
    let put_off = "HTTP/1.1 503 X\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
    for version in [Some(LogVersion::One), Some(LogVersion::Two), None] {
        let (port, count) = listen(Does::Says(put_off));
        let client = Client::new(network()).unwrap();
        let address = format!("http://127.0.0.1:{port}");
        let asked = async {
            match version {
                Some(version) => assert!(!in_doubt(&client, &address, version).await),
                None => {
                    let why = client.fetch(&address, 100).await.unwrap_err();
                    assert!(why.to_string().contains("offline"), "{why}");
                }
            }
        };
        let switched = async {
            while count.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            client.set_offline(true);
        };
        tokio::join!(asked, switched);
        assert_eq!(count.load(Ordering::SeqCst), 1, "{version:?}");
    }
}

fn signing(home: &Home, log: u8) -> Signing {
    let from = IdentityFrom::File(home.path("token"));
    let mut signing = by_identity(home, from, SignFormat::Bundle);
    signing.services.config = Some(home.path(&format!("config{log}.json")));
    signing
}

/// What comes of signing by services of which one stumbles.
fn signed(home: &Home, reference: &str, log: u8) -> Result<(), porthole::engine::Failure> {
    let config = EngineConfig {
        network: network(),
        ..config(home)
    };
    let (driven, _) = Driven::planned(config, request(reference, vec![signing(home, log)]));
    driven.add().map(|_| ())
}

#[test]
fn a_service_that_stumbles_is_asked_again_where_that_does_nothing_twice() {
    use Stumble::{DoAndHangUp, HangUp, Say};
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    type Which = fn(&Sigstore) -> &String;
    let fulcio: Which = |services| &services.fulcio;
    let tsa: Which = |services| &services.tsa;
    let log1: Which = |services| &services.rekor;
    let log2: Which = |services| &services.rekor_v2;
    // which service, how it stumbles and how often; how often it is asked, and what is said
    // where it does not come to a signature
    let cases: [(Which, Stumble, usize, usize, Option<&str>); 18] = [
        (tsa, HangUp, 1, 2, None),
        (tsa, DoAndHangUp, LIMIT, LIMIT + 1, None),
        (
            tsa,
            HangUp,
            LIMIT + 1,
            LIMIT + 1,
            Some("timestamp authority"),
        ),
        (tsa, Say(503, ""), 2, 3, None),
        (tsa, Say(429, "0"), 1, 2, None),
        (tsa, Say(400, ""), 1, 1, Some("refused (400)")),
        // the entry that is there is read, and it stays one
        (log1, DoAndHangUp, 1, 3, None),
        (log1, HangUp, 1, 2, None),
        (log1, Say(502, ""), 1, 2, None),
        (
            log1,
            HangUp,
            LIMIT + 1,
            LIMIT + 1,
            Some("An entry may be in"),
        ),
        (log2, HangUp, 1, 1, Some("An entry may be in")),
        (log2, Say(429, "0"), 1, 2, None),
        (fulcio, HangUp, 1, 1, Some("may have been issued")),
        (fulcio, DoAndHangUp, 1, 1, Some("may have been issued")),
        (fulcio, Say(503, ""), 1, 1, Some("may have been issued")),
        (fulcio, Say(503, "0"), 1, 2, None),
        (fulcio, Say(429, ""), LIMIT, LIMIT + 1, None),
        (
            fulcio,
            Say(429, ""),
            LIMIT + 1,
            LIMIT + 1,
            Some("refused (429)"),
        ),
    ];
    for (which, stumble, times, asked, said) in cases {
        let address = which(&services);
        let log = if *address == services.rekor_v2 { 2 } else { 1 };
        let (before, entries) = (services.asked(address), services.entries());
        services.stumble(address, times, stumble);
        let came = signed(&home, &reference, log);
        services.stumble(address, 0, stumble);
        let what = format!("{address} {stumble:?} {times}: {came:?}");
        assert_eq!(services.asked(address) - before, asked, "{what}");
        match said {
            None => {
                assert!(came.is_ok(), "{what}");
                assert_eq!(services.entries(), entries + 1, "{what}");
            }
            Some(words) => {
                let failure = came.expect_err(words);
                let mut all = failure.details.iter().chain([&failure.headline]);
                assert!(all.any(|line| line.contains(words)), "{what}");
                // nothing is in doubt where it said that it looked at nothing
                let doubt = failure
                    .details
                    .iter()
                    .any(|line| line.contains("it did not say"));
                assert_eq!(doubt, words.contains("may"), "{what}");
            }
        }
    }
}

#[test]
fn an_issuer_that_stumbles_is_asked_again_and_a_code_is_given_out_once() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let mut by = BY_TOKEN.to_vec();
    by.splice(0..2, ["--keyless", "--no-browser"]);
    services.stumble(&services.issuer, 1, Stumble::HangUp);
    let waiting = Waiting::start(&home, &sign(&reference, &[&by]));
    waiting.sign_in();
    let (output, words) = waiting.end();
    assert!(output.status.success(), "{words}");

    let waiting = Waiting::start(&home, &sign(&reference, &[&by]));
    // the browser, then the question for the token
    services.stumble(&services.issuer, 0, Stumble::HangUp);
    let (_, back) = super::services::get(&waiting.address);
    services.stumble(&services.issuer, 1, Stumble::DoAndHangUp);
    let before = services.asked(&services.issuer);
    super::services::get(&back);
    let (output, words) = waiting.end();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("identity service"), "{words}");
    assert_eq!(services.asked(&services.issuer) - before, 1, "{words}");
}

#[test]
fn who_waits_for_a_service_that_put_it_off_can_stop_at_once() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    services.stumble(&services.fulcio, 1, Stumble::Say(429, "25"));
    let config = EngineConfig {
        network: network(),
        ..config(&home)
    };
    let (driven, _) = Driven::planned(config, request(&reference, vec![signing(&home, 1)]));
    let job = driven.begin();
    // the window says whom it waits for
    driven
        .watch
        .wait(|| (!driven.watch.engine.waiting().is_empty()).then_some(()));
    driven.watch.engine.send(Command::Cancel { job });
    let failure = driven.end().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert_eq!(services.asked(&services.fulcio), 1);
    assert_eq!(services.entries(), 0);
}

//! What an answer that is no success means.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::transport::{Problem, RateLimit};

use super::answer::Answer;
use super::error_body::{ErrorBody, content_type};
use super::fault::{Again, Fault};

/// Says which API a registry speaks; other servers do not send it.
const API_VERSION: &str = "docker-distribution-api-version";

/// What the answer, which is no success, means.
pub(super) async fn fault(answer: Answer) -> Fault {
    let status = answer.status();
    let elsewhere = (!answer.at_home).then(|| answer.host());
    let (headers, mut body) = answer.error_body().await;
    if let Some(host) = elsewhere {
        body.message = format!("{host}, where it sent on to: {}", body.message);
    }
    let mut fault = meaning(status, &headers, &body);
    if let Problem::RateLimited { .. } = fault.problem {
        let said = Some(&body.message).filter(|said| !said.is_empty());
        fault
            .told()
            .details
            .extend(said.map(|said| format!("The registry said: {said}")));
        let limit = rate_limit(&headers).map(|limit| limit.to_string());
        fault.told().details.extend(limit);
    }
    fault.status = Some(status.as_u16());
    fault.codes = body.codes;
    fault
}

/// What `status` means to somebody who reads.
pub(super) fn meaning(status: StatusCode, headers: &HeaderMap, body: &ErrorBody) -> Fault {
    let message = body.message.clone();
    let status = status.as_u16();
    match status {
        401 => Fault::lasting(Problem::Unauthorized { status, message }),
        403 => Fault::lasting(Problem::Forbidden { status, message }),
        404 if is_web_page(headers) => Fault::protocol(format!("it answered 404 with {message}")),
        404 => Fault::lasting(Problem::NotFound),
        429 => {
            let retry_after = retry_after(headers, SystemTime::now());
            let again = retry_after.map_or(Again::Soon, Again::After);
            Fault::new(Problem::RateLimited { retry_after }, again)
        }
        500 | 502 | 503 | 504 => {
            let wait = retry_after(headers, SystemTime::now()).filter(|_| status == 503);
            let again = wait.map_or(Again::Soon, Again::After);
            let mut fault = Fault::new(Problem::Server { status, message }, again);
            fault.told().advice = wait.map(|wait| {
                let seconds = wait.as_secs();
                format!("Try again in {seconds} s: it asks to be left alone for so long")
            });
            fault
        }
        501 | 505..=599 => Fault::lasting(Problem::Server { status, message }),
        _ => Fault::lasting(Problem::Refused { status, message }),
    }
}

/// How often the registry may still be asked, as Docker Hub says it: `RateLimit-Limit` and
/// `RateLimit-Remaining` (`100;w=21600`), and whose count it is (`Docker-RateLimit-Source`).
pub(super) fn rate_limit(headers: &HeaderMap) -> Option<RateLimit> {
    let read = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        let mut parts = value.split(';').map(str::trim);
        let count: u64 = parts.next()?.parse().ok()?;
        let window = parts.find_map(|part| part.strip_prefix("w=")?.parse().ok());
        Some((count, window.map(Duration::from_secs)))
    };
    let (limit, window) = read("ratelimit-limit")?;
    let (remaining, _) = read("ratelimit-remaining")?;
    let source = headers.get("docker-ratelimit-source");
    let source = source.and_then(|source| source.to_str().ok());
    Some(RateLimit {
        limit,
        remaining,
        window,
        // an address of this machine, or the id of an account
        by_address: source.is_some_and(|source| source.parse::<std::net::IpAddr>().is_ok()),
    })
}

/// Whether a page for people came, from something that is no registry.
pub(super) fn is_web_page(headers: &HeaderMap) -> bool {
    !headers.contains_key(API_VERSION) && content_type(headers).eq_ignore_ascii_case("text/html")
}

/// How long the answer asks to wait: `Retry-After` in seconds or as a date (RFC 9110,
/// section 10.2.3). A date is compared with the server's own clock where it tells it.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // what does not fit is longer than anybody waits
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX >> 1)));
    }
    let now = headers
        .get(DATE)
        .and_then(|date| http_date(date.to_str().ok()?))
        .unwrap_or(now);
    let wait = http_date(value)?.duration_since(now);
    Some(wait.unwrap_or(Duration::ZERO))
}

/// A date as HTTP writes it: `Wed, 21 Oct 2015 07:28:00 GMT`.
fn http_date(text: &str) -> Option<SystemTime> {
    let parsed = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(parsed.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        let date = "Wed, 21 Oct 2015 07:28:30 GMT";
        for (pairs, expected) in [
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "0")], Some(0)),
            (vec![("retry-after", date)], Some(30)),
            (
                vec![
                    ("retry-after", date),
                    ("date", "Wed, 21 Oct 2015 07:28:25 GMT"),
                ],
                Some(5),
            ),
            (vec![("retry-after", date), ("date", "garbage")], Some(30)),
            (
                vec![("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT")],
                Some(0),
            ),
            (
                vec![("retry-after", "99999999999999999999999")],
                Some(u64::MAX >> 1),
            ),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "")], None),
            (vec![], None),
        ] {
            let found = retry_after(&headers(&pairs), now);
            assert_eq!(found, expected.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[test]
    fn limits_are_read_as_docker_hub_sends_them() {
        let hub = [
            ("ratelimit-limit", "100;w=21600"),
            ("ratelimit-remaining", "76;w=21600"),
            ("docker-ratelimit-source", "203.0.113.7"),
        ];
        let limit = rate_limit(&headers(&hub)).unwrap();
        assert_eq!((limit.limit, limit.remaining), (100, 76));
        assert_eq!(limit.window, Some(Duration::from_secs(21_600)));
        assert_eq!(
            limit.to_string(),
            "76 of 100 pulls are left, counted by address over 6 h"
        );
        for pairs in [
            vec![],
            vec![("ratelimit-limit", "100")],
            vec![("ratelimit-limit", "x"), ("ratelimit-remaining", "1")],
        ] {
            assert_eq!(rate_limit(&headers(&pairs)), None, "{pairs:?}");
        }
    }

    #[test]
    fn each_status_means_something() {
        let problem = |status: u16, pairs: &[(&'static str, &str)]| {
            let body = ErrorBody {
                message: "why".to_owned(),
                ..ErrorBody::default()
            };
            let fault = meaning(
                StatusCode::from_u16(status).unwrap(),
                &headers(pairs),
                &body,
            );
            (fault.problem, fault.again)
        };
        let message = || "why".to_owned();
        assert_eq!(problem(404, &[]), (Problem::NotFound, Again::Never));
        let html = ("content-type", "text/html; charset=utf-8");
        assert!(matches!(problem(404, &[html]).0, Problem::Protocol { .. }));
        let registry = (API_VERSION, "registry/2.0");
        assert_eq!(problem(404, &[html, registry]).0, Problem::NotFound);
        assert_eq!(
            problem(403, &[]),
            (
                Problem::Forbidden {
                    status: 403,
                    message: message()
                },
                Again::Never
            )
        );
        assert_eq!(
            problem(405, &[]),
            (
                Problem::Refused {
                    status: 405,
                    message: message()
                },
                Again::Never
            )
        );
        for status in [500, 502, 503, 504] {
            assert_eq!(
                problem(status, &[]),
                (
                    Problem::Server {
                        status,
                        message: message()
                    },
                    Again::Soon
                )
            );
        }
        assert_eq!(problem(501, &[]).1, Again::Never);
        let after = ("retry-after", "3");
        let three = Duration::from_secs(3);
        assert_eq!(problem(503, &[after]).1, Again::After(three));
        assert_eq!(
            problem(429, &[after]),
            (
                Problem::RateLimited {
                    retry_after: Some(three)
                },
                Again::After(three)
            )
        );
        assert_eq!(problem(429, &[]).1, Again::Soon);
    }
}

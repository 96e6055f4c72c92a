//! Blobs, as streams: distribution-spec, "Pulling blobs".

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use reqwest::Url;
use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};

use crate::model::{Descriptor, RegistryReference, limits};
use crate::transport::Problem;

use super::address::{self, Host, Scheme};
use super::answer::Answer;
use super::client::{Client, Reached, Request};
use super::fault::{Again, Fault};
use super::retry;

/// How many bytes must come after a break for the next one to count as the first.
const PROGRESS: u64 = 1 << 20;

/// A blob, or a part of one, on its way.
struct Reading {
    client: Client,
    request: Request,
    /// Size of the blob as its descriptor says it.
    size: u64,
    /// Position in the blob of the next byte to give.
    at: u64,
    /// Position behind the last byte to give; nothing for all that comes.
    end: Option<u64>,
    /// Bytes to pass over first: the answer begins before `at`.
    skip: u64,
    /// Where the manifest says that the blob is, too: layers that a registry may not hand
    /// out (image-spec, "Foreign layers"). The next one is at the end.
    urls: Vec<String>,
    /// Whether there is no registry to ask: the manifest lies on this machine.
    local: bool,
    /// Whether an address of such a manifest was asked.
    asked: bool,
    /// Ranges were refused: the whole blob is asked for and read past what is there.
    no_ranges: bool,
    /// The answer that is being read; nothing before the first and after a break.
    answer: Option<Answer>,
    /// Breaks since there was [`PROGRESS`], and the bytes that came since the last one.
    breaks: u32,
    since_break: u64,
}

/// Asks for the blob that `descriptor` points at, or for `range` of it, and gives its
/// bytes as they come: not checked. A connection that breaks off is made again from
/// where it was.
///
/// Ranges are asked for with both ends, since some registries know no other; one that
/// sends the whole blob instead is read past what is not wanted.
pub(super) async fn open(
    client: &Client,
    image: &RegistryReference,
    descriptor: &Descriptor,
    range: Option<Range<u64>>,
) -> Result<(BoxStream<'static, Result<Bytes, Fault>>, Option<Reached>), Fault> {
    let path = format!("blobs/{}", descriptor.digest);
    let request = Request::get(image, &path, HeaderMap::new());
    start(client, (request, false), descriptor, range).await
}

/// As [`open`], at the addresses alone that the manifest names: it lies on this machine.
pub(super) async fn open_elsewhere(
    client: &Client,
    descriptor: &Descriptor,
    range: Option<Range<u64>>,
) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
    // the first address takes the place of this one
    let nobody = Url::parse("https://localhost/").expect("it is an address");
    let request = Request::of_others(nobody);
    let (pieces, _) = start(client, (request, true), descriptor, range).await?;
    Ok(pieces)
}

async fn start(
    client: &Client,
    (request, local): (Request, bool),
    descriptor: &Descriptor,
    range: Option<Range<u64>>,
) -> Result<(BoxStream<'static, Result<Bytes, Fault>>, Option<Reached>), Fault> {
    let size = if descriptor.size_known {
        descriptor.size
    } else {
        u64::MAX
    };
    let range = range.map(|range| range.start.min(size)..range.end.min(size));
    let addresses = descriptor.urls.iter().take(limits::ADDRESSES);
    let mut reading = Reading {
        client: client.clone(),
        request,
        local,
        asked: false,
        size,
        at: range.as_ref().map_or(0, |range| range.start),
        end: range.map(|range| range.end),
        skip: 0,
        urls: addresses.rev().cloned().collect(),
        no_ranges: false,
        answer: None,
        breaks: 0,
        since_break: 0,
    };
    if reading.end.is_some_and(|end| end <= reading.at) {
        return Ok((stream::empty().boxed(), None));
    }
    let reached = reading.ask().await?;
    let pieces = stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|piece| (piece, reading)))
    });
    Ok((pieces.boxed(), Some(reached)))
}

impl Reading {
    /// Asks for what is still to come: the registry, and where that does not have it, each
    /// address that the manifest names.
    async fn ask(&mut self) -> Result<Reached, Fault> {
        if self.local && !self.asked {
            self.asked = true;
            let url = self.urls.pop();
            let url = url.ok_or_else(|| Fault::lasting(Problem::NotFound))?;
            self.request.elsewhere = Some(self.foreign(&url)?);
        }
        loop {
            let fault = match self.ask_once().await {
                Err(fault) if fault.status == Some(416) && !self.no_ranges => {
                    self.no_ranges = true;
                    continue;
                }
                Err(fault) => fault,
                Ok(reached) => return Ok(reached),
            };
            let elsewhere = self.request.elsewhere.is_some();
            if fault.problem != Problem::NotFound && !elsewhere {
                return Err(fault);
            }
            let Some(url) = self.urls.pop() else {
                return Err(self.told_by_whom(fault));
            };
            tracing::debug!(problem = %fault.problem, "the blob is asked for elsewhere");
            self.request.elsewhere = Some(self.foreign(&url)?);
            self.request.of_others = true;
        }
    }

    /// `fault` of whoever was asked.
    fn told_by_whom(&self, mut fault: Fault) -> Fault {
        if let Some(url) = &self.request.elsewhere {
            fault.told().elsewhere = Some(Host::of(url).to_string());
            // a web server says it in a page for people
            if matches!(fault.status, Some(404 | 410)) {
                fault.problem = Problem::NotFound;
            }
        }
        fault
    }

    /// An address that a manifest names, where it may be asked: by https, and never what
    /// only this machine can reach, where the manifest comes from elsewhere.
    fn foreign(&self, text: &str) -> Result<Url, Fault> {
        self.client.may_ask_others()?;
        let refuse = |why: &str| Problem::Address {
            why: format!("an address that the manifest names for it {why}"),
        };
        let url: Url = text.parse().map_err(|_| refuse("cannot be read"))?;
        if self.local {
            address::may_be_named(&url)?;
        } else {
            let home = self.request.host.url(Scheme::Https, "/")?;
            address::may_lead(&home, &url)?;
        }
        Ok(url)
    }

    async fn ask_once(&mut self) -> Result<Reached, Fault> {
        let end = self.end.unwrap_or(self.size);
        let part = (self.at > 0 || end < self.size) && !self.no_ranges;
        let mut request = self.request.clone();
        if part {
            let range = format!("bytes={}-{}", self.at, end - 1);
            let range = HeaderValue::from_str(&range).expect("digits are allowed in headers");
            request.headers.insert(RANGE, range);
        }
        let reply = self.client.open(&request).await?;
        self.skip = match (reply.answer.status().as_u16(), part) {
            (200, _) => self.at,
            (206, true) => {
                check_range(reply.answer.headers(), self.at..end, self.size)?;
                0
            }
            (status, _) => {
                return Err(Fault::protocol(format!(
                    "it answered {status} where a blob was asked for"
                )));
            }
        };
        self.answer = Some(reply.answer);
        Ok(reply.reached)
    }

    /// The next piece; nothing at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if self.end.is_some_and(|end| self.at >= end) {
                return Ok(None);
            }
            let Some(answer) = &mut self.answer else {
                self.ask().await?;
                continue;
            };
            match answer.piece().await {
                Ok(None) => return Ok(None),
                Ok(Some(piece)) => {
                    let piece = self.wanted(piece);
                    if !piece.is_empty() {
                        return Ok(Some(piece));
                    }
                }
                Err(fault) => {
                    self.answer = None;
                    let fault = self.told_by_whom(fault);
                    self.after_break(fault).await?;
                    if self.at >= self.end.unwrap_or(self.size) {
                        // all of it had come
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The part of `piece` that is wanted.
    fn wanted(&mut self, mut piece: Bytes) -> Bytes {
        let passed_over = self.skip.min(piece.len() as u64);
        self.skip -= passed_over;
        let mut piece = piece.split_off(passed_over as usize);
        if let Some(end) = self.end {
            let left = end - self.at;
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        self.at += piece.len() as u64;
        self.since_break += piece.len() as u64;
        piece
    }

    /// Waits before the blob is asked for again.
    ///
    /// # Errors
    /// `fault`, where that cannot help or was done often enough.
    async fn after_break(&mut self, fault: Fault) -> Result<(), Fault> {
        if self.since_break >= PROGRESS {
            self.breaks = 0;
        }
        let retry = *self.client.retry();
        let pause = match fault.again {
            // a server that fell silent in the middle has lost this answer and not the blob;
            // one that is silent again has been waited for long enough
            Again::Never if matches!(fault.problem, Problem::Timeout { .. }) => {
                (self.breaks == 0).then_some(retry.pause)
            }
            Again::Never => None,
            _ => retry::pause(&retry, &fault, self.breaks, std::time::Duration::ZERO),
        };
        let Some(pause) = pause else {
            return Err(fault);
        };
        tracing::debug!(at = self.at, problem = %fault.problem, "the blob broke off");
        self.breaks += 1;
        self.since_break = 0;
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Checks that an answer with status 206 holds `wanted` of a blob of `size` bytes.
fn check_range(headers: &HeaderMap, wanted: Range<u64>, size: u64) -> Result<(), Fault> {
    let value = headers
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok());
    let said = value.unwrap_or_default();
    let right = parse_range(said)
        .is_some_and(|(range, total)| range == wanted && total.is_none_or(|total| total == size));
    if right {
        return Ok(());
    }
    let shown: String = said.chars().take(80).collect();
    Err(Fault::protocol(format!(
        "it sent {shown:?} where bytes {}-{} of {size} were asked for",
        wanted.start,
        wanted.end - 1
    )))
}

/// Reads `bytes 0-9/100` or `bytes 0-9/*` (RFC 9110, section 14.4).
fn parse_range(value: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (unit, rest) = value.trim().split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((first..last.checked_add(1)?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        for (value, expected) in [
            ("bytes 0-9/100", Some((0..10, Some(100)))),
            ("Bytes 5-5/*", Some((5..6, None))),
            ("bytes */100", None),
            ("bytes 0-9", None),
            ("items 0-9/100", None),
            ("bytes 0-x/100", None),
            ("bytes 0-18446744073709551615/100", None),
            ("bytes -5-9/100", None),
            ("", None),
        ] {
            assert_eq!(parse_range(value), expected, "{value:?}");
        }
    }
}

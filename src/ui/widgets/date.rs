//! Dates, said as people say them, with the exact one on hover.

use std::borrow::Cow;
use std::sync::LazyLock;

use egui::{Response, RichText, Ui};
use jiff::Timestamp;
use regex::{Captures, Regex};

use super::text;

/// A date as an image writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Date<'a> {
    At(Timestamp),
    /// The first second of 1970: what builds write that leave dates out.
    Unset,
    /// Not a date of RFC 3339.
    Unreadable(&'a str),
}

impl<'a> Date<'a> {
    /// Reads what an image says.
    pub fn read(written: &'a str) -> Self {
        match written.parse::<Timestamp>() {
            // Go's zero time is long before it
            Ok(at) if at.as_second() <= 1 => Self::Unset,
            Ok(at) => Self::At(at),
            Err(_) => Self::Unreadable(written),
        }
    }

    /// `3 days ago`, seen from `now`.
    pub fn relative(&self, now: Timestamp) -> Cow<'a, str> {
        match self {
            Self::At(at) => Cow::Owned(relative(*at, now)),
            Self::Unset => Cow::Borrowed("no date"),
            Self::Unreadable(written) => match text::line(written) {
                Cow::Owned(text) => Cow::Owned(text),
                Cow::Borrowed(text) => Cow::Borrowed(text),
            },
        }
    }

    /// The exact date, in UTC.
    pub fn exact(&self) -> String {
        match self {
            Self::At(at) => exact(*at),
            Self::Unset => {
                "The build set it to the beginning of 1970 or before, as reproducible builds do"
                    .to_owned()
            }
            Self::Unreadable(_) => "This is not a date as RFC 3339 writes them".to_owned(),
        }
    }
}

/// `19 Nov 2026 14:02:11 UTC`.
pub fn exact(at: Timestamp) -> String {
    at.strftime("%-d %b %Y %H:%M:%S UTC").to_string()
}

/// `text` with every date that is written for machines in it said for people.
pub fn with_dates(text: &str) -> Cow<'_, str> {
    static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
        let pattern =
            r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z| ?UTC|[+-]\d{2}:\d{2})";
        Regex::new(pattern).expect("the pattern is a constant that is tested")
    });
    WRITTEN.replace_all(text, |found: &Captures<'_>| {
        let written = &found[0];
        let plain = written.trim_end_matches("UTC").trim_end();
        let read = if plain.len() < written.len() {
            format!("{plain}Z").parse::<Timestamp>()
        } else {
            written.parse()
        };
        read.map_or_else(|_| written.to_owned(), exact)
    })
}

/// How long ago `at` was: `3 days ago`; `in 2 hours` where it is still to come.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    const UNITS: [(i64, &str); 6] = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (7 * 86_400, "week"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    let seconds = now.as_second().saturating_sub(at.as_second());
    let distance = seconds.saturating_abs();
    // weeks only from the second one on: "9 days ago" is plainer than "1 week ago"
    let unit = UNITS.iter().find(|(length, name)| {
        let least = if *name == "week" { 2 * length } else { *length };
        distance >= least
    });
    let Some((length, name)) = unit else {
        return if seconds >= 0 {
            "just now"
        } else {
            "in a moment"
        }
        .to_owned();
    };
    let count = distance / length;
    let plural = if count == 1 { "" } else { "s" };
    if seconds >= 0 {
        format!("{count} {name}{plural} ago")
    } else {
        format!("in {count} {name}{plural}")
    }
}

/// A date with words before it (`built 3 days ago`), the exact one on hover.
pub fn date(ui: &mut Ui, before: &str, written: &str, now: Timestamp) -> Response {
    let date = Date::read(written);
    let words = format!("{before}{}", date.relative(now));
    let color = crate::ui::theme::Tokens::of(ui).weak;
    // it stays in one piece where a line is wrapped
    ui.add(egui::Label::new(RichText::new(words).color(color)).extend())
        .on_hover_text(date.exact())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_a_text_are_said_for_people() {
        let cases = [
            (
                "valid at the proven time, 2023-01-20T20:51:33Z",
                "valid at the proven time, 20 Jan 2023 20:51:33 UTC",
            ),
            (
                "2023-01-20 20:51:33 UTC to 2023-01-20T22:51:33+01:00",
                "20 Jan 2023 20:51:33 UTC to 20 Jan 2023 21:51:33 UTC",
            ),
            ("2023-19-20T20:51:33Z", "2023-19-20T20:51:33Z"),
            ("no date", "no date"),
        ];
        for (written, said) in cases {
            assert_eq!(with_dates(written), said);
        }
    }

    #[test]
    fn dates_are_said_as_people_say_them() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (at, said) in [
            ("2026-11-22T11:59:30Z", "just now"),
            ("2026-11-22T11:58:30Z", "1 minute ago"),
            ("2026-11-22T09:00:00Z", "3 hours ago"),
            ("2026-11-21T12:00:00Z", "1 day ago"),
            ("2026-11-19T12:02:11+02:00", "3 days ago"),
            ("2026-11-13T11:00:00Z", "9 days ago"),
            ("2026-11-01T12:00:00Z", "3 weeks ago"),
            ("2026-10-22T12:00:00Z", "1 month ago"),
            ("2025-12-22T12:00:00Z", "11 months ago"),
            ("2024-11-01T12:00:00Z", "2 years ago"),
            ("2026-11-22T14:00:00Z", "in 2 hours"),
            ("1970-01-01T00:00:00Z", "no date"),
            ("0001-01-01T00:00:00Z", "no date"),
            ("yesterday\n", "yesterday\\n"),
        ] {
            assert_eq!(Date::read(at).relative(now), said, "{at}");
        }
        assert_eq!(
            Date::read("2026-11-19T16:02:11+02:00").exact(),
            "19 Nov 2026 14:02:11 UTC"
        );
    }
}

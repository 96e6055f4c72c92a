//! A report as a page to hand to an auditor: one file, no script, nothing from elsewhere.
//! Everything that comes from an image, a signature or a policy is escaped.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Judgement, Outcome, SignatureReport, Statement, SubjectReport, Verdict};
use crate::model::text::visible;

/// How the page looks. Its colours have their words beside them.
const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem;border-top:1px solid #c9d1dc;padding-top:1rem}h3{font-size:1rem}\
code,.mono{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #e3e8ef}\
.accepted,.passed{color:#0b6b3a}.rejected,.failed{color:#a3231f}.other{color:#5a6675}p.verdict{font-weight:600}\
@media(prefers-color-scheme:dark){body{color:#e6ebf2;background:#12171e}td,th{border-color:#2a3340}h2{border-color:#39434f}.accepted,.passed{color:#63c88f}.rejected,.failed{color:#f08a80}.other{color:#9aa7b8}}";

/// The page on an image: each report with the name of what it is about, the image first.
pub fn page(reference: &str, reports: &[(String, Arc<SubjectReport>)]) -> String {
    let mut page = String::new();
    let title = format!("Verification of {}", escaped(reference));
    // writing to a text cannot fail
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n"
    );
    for (name, report) in reports {
        subject(&mut page, name, report);
    }
    let _ = write!(
        page,
        "<p class=\"other\">Written by Porthole {}. The same as JSON: <code>porthole verify --json</code>.</p>\n</body></html>\n",
        env!("CARGO_PKG_VERSION")
    );
    page
}

fn subject(page: &mut String, name: &str, report: &SubjectReport) {
    let (class, words) = verdict(&report.verdict);
    let subject = &report.subject;
    let _ = write!(
        page,
        "<h2>{}</h2>\n<p class=\"verdict {class}\">{}</p>\n<table>\n",
        escaped(name),
        escaped(&words)
    );
    let mut rows = vec![
        ("Digest", subject.digest.to_string()),
        ("Media type", subject.media_type.to_string()),
        ("Size", format!("{} bytes", subject.size)),
    ];
    if let Some(own) = &report.own {
        rows.push(("By itself", verdict(own).1));
    }
    let policy = report.policy.clone();
    rows.push(("Policy", policy.unwrap_or_else(|| "none".to_owned())));
    rows.push(("Judged", report.judged.clone()));
    rows.push(("Looked in", report.looked.join("; ")));
    if !report.problems.is_empty() {
        rows.push(("Not read", report.problems.join("; ")));
    }
    for (name, value) in rows {
        row(page, name, &value);
    }
    for root in &report.roots {
        row(
            page,
            "Trust root",
            &format!("{} (SHA256:{})", root.source, root.sha256),
        );
        for name in &root.names {
            row(page, "", name);
        }
    }
    page.push_str("</table>\n");
    for (number, signature) in report.signatures.iter().enumerate() {
        one(page, number + 1, signature);
    }
}

fn one(page: &mut String, number: usize, report: &SignatureReport) {
    let found = &report.found;
    let (class, judgement) = match report.judgement() {
        Judgement::Accepted => ("accepted", "accepted"),
        Judgement::Rejected => ("rejected", "rejected"),
        Judgement::NotJudged => ("other", "not judged"),
        Judgement::Unsigned => ("other", "unsigned"),
    };
    let _ = write!(
        page,
        "<h3>{number}. {}: <span class=\"{class}\">{judgement}</span></h3>\n<table>\n",
        escaped(&found.format.to_string())
    );
    match &found.statement {
        Statement::Signature => {}
        Statement::Attestation { predicate_type } => {
            row(
                page,
                "States",
                predicate_type.as_deref().unwrap_or("nothing"),
            );
        }
        Statement::Document { media_type } => row(page, "Document", media_type),
    }
    row(page, "Bytes", &found.raw.digest().to_string());
    if let Some(manifest) = &found.place.manifest {
        row(page, "Manifest", &manifest.to_string());
    }
    row(page, "Found in", &found.place.ways.join(", "));
    if let Some(signer) = &found.claims.signer {
        row(page, "Claims to be by", signer);
    }
    if let Some(facts) = &report.authenticated {
        row(page, "Signed by", &facts.signer.to_string());
        for time in &facts.times {
            row(page, "Proven time", &time.time);
        }
        for (name, value) in &facts.details {
            row(page, name, value);
        }
    }
    if !report.accepts.is_empty() {
        row(page, "Stands for", &report.accepts.join(", "));
    }
    page.push_str("</table>\n<table>\n<tr><th>Check</th><th>Outcome</th><th>Detail</th><th>Expected</th><th>Found</th></tr>\n");
    for check in &report.checks {
        let class = match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Tolerated | Outcome::NotChecked => "other",
        };
        let cell = |text: &Option<String>| escaped(text.as_deref().unwrap_or_default());
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"{class}\">{}</td><td>{}</td><td class=\"mono\">{}</td><td class=\"mono\">{}</td></tr>",
            check.kind.title(),
            check.outcome.name(),
            escaped(&check.detail),
            cell(&check.expected),
            cell(&check.found)
        );
    }
    page.push_str("</table>\n");
}

fn row(page: &mut String, name: &str, value: &str) {
    let _ = writeln!(
        page,
        "<tr><th>{}</th><td class=\"mono\">{}</td></tr>",
        escaped(name),
        escaped(value)
    );
}

fn verdict(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Accepted { by } if by.is_empty() => (
            "other",
            "Accepted: the policy asks for no signature here".to_owned(),
        ),
        Verdict::Accepted { by } => ("accepted", format!("Accepted: signed by {}", by.join(", "))),
        Verdict::Rejected { why, .. } => ("rejected", format!("Rejected: {why}")),
        Verdict::Unsigned => (
            "rejected",
            "Unsigned: every place was asked and has nothing".to_owned(),
        ),
        Verdict::CannotSay { why, hint } => ("other", format!("Cannot say: {why}. {hint}")),
        Verdict::NotJudged { why } => ("other", format!("Not judged: {why}")),
    }
}

/// For text and attributes alike; control and bidirectional characters made visible.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

//! A report as JSON: for scripts, and to be kept.

use serde_json::{Map, Value, json};

use super::{SignatureReport, SubjectReport, Verdict};

impl SubjectReport {
    /// Everything: subject, verdict, policy, each signature with each check, what was used
    /// to judge, and when.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("digest".into(), json!(self.subject.digest));
        object.insert("mediaType".into(), json!(self.subject.media_type));
        object.insert("size".into(), json!(self.subject.size));
        object.insert("verdict".into(), json!(self.verdict.name()));
        match &self.verdict {
            Verdict::Accepted { by } => {
                object.insert("acceptedBy".into(), json!(by));
            }
            Verdict::Rejected { why, check, .. } => {
                object.insert("why".into(), json!(why));
                if let Some(check) = check {
                    object.insert("failedCheck".into(), json!(check));
                }
            }
            Verdict::CannotSay { why, hint } => {
                object.insert("why".into(), json!(why));
                object.insert("hint".into(), json!(hint));
            }
            Verdict::NotJudged { why } => {
                object.insert("why".into(), json!(why));
            }
            Verdict::Unsigned => {}
        }
        if let Some(own) = &self.own {
            object.insert("ownVerdict".into(), json!(own.name()));
        }
        object.insert("policy".into(), json!(self.policy));
        object.insert("asks".into(), json!(self.asks));
        object.insert("level".into(), json!(self.level));
        let signatures: Vec<_> = self
            .signatures
            .iter()
            .map(SignatureReport::to_json)
            .collect();
        object.insert("signatures".into(), signatures.into());
        object.insert("looked".into(), json!(self.looked));
        object.insert("problems".into(), json!(self.problems));
        object.insert("trustRoots".into(), json!(self.roots));
        object.insert("judged".into(), json!(self.judged));
        Value::Object(object)
    }
}

impl SignatureReport {
    /// One signature of a report.
    pub fn to_json(&self) -> Value {
        let found = &self.found;
        json!({
            "format": found.format,
            "judgement": self.judgement(),
            "acceptedAs": self.accepts,
            "statement": found.statement,
            "claims": found.claims,
            "manifest": found.place.manifest,
            "position": found.place.position,
            "foundIn": found.place.ways,
            "digest": found.raw.digest(),
            "authenticated": self.authenticated,
            "checks": self.checks,
        })
    }
}

//! A timestamp authority (RFC 3161).

use jiff::{SignedDuration, Timestamp};

use super::Fault;
use super::der::{
    Authority, Key, Wanted, children, content, ecdsa, element, extension, generalized, name,
    octets, oid, sequence, serial_and_issuer, sha256, usage,
};
use super::web::{Answer, Question};

const KIND: &str = "application/timestamp-reply";

pub struct Tsa {
    pub root: Authority,
    key: Key,
    pub certificate: Vec<u8>,
}

impl Tsa {
    pub fn new() -> Self {
        let root = Authority::root("timestamps root");
        let key = Key::new();
        let now = Timestamp::now();
        let certificate = root.issue(&Wanted {
            subject: name("timestamps"),
            spki: &key.spki,
            from: now - SignedDuration::from_hours(1),
            to: now + SignedDuration::from_hours(24 * 200),
            extensions: vec![
                usage(7, 0b1000_0000),
                extension("2.5.29.37", true, &sequence(&[&oid("1.3.6.1.5.5.7.3.8")])),
                extension("2.5.29.14", false, &octets(&key.id()[..20])),
            ],
        });
        Self {
            root,
            key,
            certificate,
        }
    }

    pub fn answer(&self, question: &Question, fault: Fault) -> Answer {
        match fault {
            Fault::SilentTimestamps => return None,
            Fault::TimestampsRefuse => {
                let status = sequence(&[&[2, 1, 2], &sequence(&[&element(0x0c, &[b"not today"])])]);
                return Some((200, KIND, sequence(&[&status])));
            }
            _ => {}
        }
        assert!(question.headers.contains("application/timestamp-query"));
        let parts = children(content(&question.body));
        let imprint = match fault {
            Fault::OtherImprint => {
                let algorithm = sequence(&[&oid("2.16.840.1.101.3.4.2.1")]);
                sequence(&[&algorithm, &octets(&[7; 32])])
            }
            _ => parts[1].clone(),
        };
        let nonce = parts.iter().skip(2).find(|part| part[0] == 2).unwrap();
        let nonce = match fault {
            Fault::OtherNonce => element(2, &[&[0x11, 0x22, 0x33]]),
            _ => nonce.clone(),
        };
        let info = sequence(&[
            &[2, 1, 1],
            &oid("1.3.6.1.4.1.57264.2"),
            &imprint,
            &element(
                2,
                &[&sha256(&question.body)[..1]
                    .iter()
                    .map(|b| b & 0x7f)
                    .collect::<Vec<_>>()],
            ),
            &generalized(Timestamp::now()),
            &sequence(&[&[2, 1, 1]]),
            &nonce,
        ]);
        let other = Key::new();
        let key = if fault == Fault::OtherTimestamps {
            &other
        } else {
            &self.key
        };
        let token = self.token(&info, key);
        let status = sequence(&[&[2, 1, 0]]);
        Some((200, KIND, sequence(&[&status, &token])))
    }

    /// ContentInfo with SignedData (RFC 5652).
    fn token(&self, info: &[u8], key: &Key) -> Vec<u8> {
        let kind = oid("1.2.840.113549.1.9.16.1.4");
        let hash = sequence(&[&oid("2.16.840.1.101.3.4.2.1")]);
        let attribute = |id: &str, value: &[u8]| sequence(&[&oid(id), &element(0x31, &[value])]);
        let named = sequence(&[&sequence(&[&sequence(&[&octets(&sha256(
            &self.certificate,
        ))])])]);
        let mut attributes = [
            attribute("1.2.840.113549.1.9.3", &kind),
            attribute("1.2.840.113549.1.9.4", &octets(&sha256(info))),
            attribute("1.2.840.113549.1.9.16.2.47", &named),
        ];
        attributes.sort();
        let attributes = attributes.concat();
        let signature = key.sign(&element(0x31, &[&attributes]));
        let (serial, issuer) = serial_and_issuer(&self.certificate);
        let signer = sequence(&[
            &[2, 1, 1],
            &sequence(&[&issuer, &serial]),
            &hash,
            &element(0xa0, &[&attributes]),
            &ecdsa(),
            &octets(&signature),
        ]);
        let data = sequence(&[
            &[2, 1, 3],
            &element(0x31, &[&hash]),
            &sequence(&[&kind, &element(0xa0, &[&octets(info)])]),
            &element(0xa0, &[&self.certificate, &self.root.certificate]),
            &element(0x31, &[&signer]),
        ]);
        sequence(&[&oid("1.2.840.113549.1.7.2"), &element(0xa0, &[&data])])
    }
}

//! Timestamps: what an authority is asked, and whether its answer is one to that (RFC 3161).

use aws_lc_rs::rand;

use crate::signature::notation::timestamp::{self as token, TimestampError};
use crate::signature::x509::Hash;
use crate::signature::x509::der::{self, DerError, Reader};

/// A question to a timestamp authority: was this there?
#[derive(Clone, Debug)]
pub struct TimestampRequest {
    hash: Hash,
    imprint: Vec<u8>,
    /// The content of an INTEGER.
    nonce: Vec<u8>,
}

/// Why an answer is none to the question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampAnswerError {
    #[error("there is no randomness")]
    Random,
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] DerError),
    #[error("it refused (status {status}{said})")]
    Refused { status: u64, said: String },
    #[error("it granted a timestamp and sent none")]
    Missing,
    #[error(transparent)]
    Token(#[from] TimestampError),
    #[error("its timestamp is for other bytes than were asked about")]
    OtherBytes,
    #[error("its timestamp is the answer to another question: the nonce differs")]
    OtherNonce,
}

impl TimestampRequest {
    /// Asks about `bytes`, by their hash alone.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub fn of(hash: Hash, bytes: &[u8]) -> Result<Self, TimestampAnswerError> {
        let mut random = [0; 8];
        rand::fill(&mut random).map_err(|_| TimestampAnswerError::Random)?;
        // positive, and written in the shortest form whatever follows
        random[0] = random[0] & 0x3f | 0x40;
        Ok(Self {
            hash,
            imprint: token::hash(hash, bytes).as_ref().to_vec(),
            nonce: random.to_vec(),
        })
    }

    /// `TimeStampReq`, which asks for the certificates too.
    pub fn to_der(&self) -> Vec<u8> {
        let algorithm = match self.hash {
            Hash::Sha256 => token::SHA256,
            Hash::Sha384 => token::SHA384,
            Hash::Sha512 => token::SHA512,
        };
        let algorithm = der::write(der::OBJECT_IDENTIFIER, &[algorithm]);
        let algorithm = der::write(der::SEQUENCE, &[&algorithm, &[0x05, 0x00]]);
        let imprint = der::write(der::OCTET_STRING, &[&self.imprint]);
        let imprint = der::write(der::SEQUENCE, &[&algorithm, &imprint]);
        let version = der::write(der::INTEGER, &[&[1]]);
        let nonce = der::write(der::INTEGER, &[&self.nonce]);
        let certificates = der::write(der::BOOLEAN, &[&[0xff]]);
        der::write(der::SEQUENCE, &[&version, &imprint, &nonce, &certificates])
    }

    /// The token (`TimeStampToken`) of an answer (`TimeStampResp`) to this question. Its
    /// signature is not verified.
    ///
    /// # Errors
    /// Where it cannot be read, refuses, or answers something else.
    pub fn token(&self, answer: &[u8]) -> Result<Vec<u8>, TimestampAnswerError> {
        let mut whole = Reader::new(answer);
        let mut parts = whole.expect(der::SEQUENCE)?.inside();
        whole.end()?;
        let status = parts.expect(der::SEQUENCE)?;
        let mut inside = status.inside();
        let status = inside.expect(der::INTEGER)?.small().unwrap_or(u64::MAX);
        if status > 1 {
            let said = inside.optional(der::SEQUENCE)?;
            let said = said.and_then(|list| list.inside().element().ok());
            let said = said.map(|text| String::from_utf8_lossy(text.content).into_owned());
            let said: String = said.unwrap_or_default().chars().take(200).collect();
            let said = match said.as_str() {
                "" => said,
                said => format!(": {said}"),
            };
            return Err(TimestampAnswerError::Refused { status, said });
        }
        let token = parts.optional(der::SEQUENCE)?;
        let token = token.ok_or(TimestampAnswerError::Missing)?.full;
        let stated = token::stated(token)?;
        if stated.hash != self.hash || stated.imprint != self.imprint {
            return Err(TimestampAnswerError::OtherBytes);
        }
        if stated.nonce.as_deref() != Some(&self.nonce) {
            return Err(TimestampAnswerError::OtherNonce);
        }
        Ok(token.to_vec())
    }
}

//! Certificates from `tests/fixtures/tls`, made by the script beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// A certificate that a registry shows. All are signed by the same authority.
#[derive(Clone, Copy, Debug)]
pub enum Certificate {
    /// For `localhost` and `127.0.0.1`.
    Right,
    /// For the same, and only in January 2020.
    Expired,
    /// For `registry.example.com`.
    OtherName,
}

/// How a registry speaks TLS.
pub struct Tls {
    pub certificate: Certificate,
    /// Whether who asks must show a certificate of the authority, too.
    pub wants_client: bool,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
}

impl Tls {
    pub const fn showing(certificate: Certificate) -> Self {
        Self {
            certificate,
            wants_client: false,
            http2: false,
        }
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        let name = match self.certificate {
            Certificate::Right => "server",
            Certificate::Expired => "expired",
            Certificate::OtherName => "other-name",
        };
        let chain = vec![CertificateDer::from_pem_file(file(&format!("{name}.pem"))).unwrap()];
        let key = PrivateKeyDer::from_pem_file(file(&format!("{name}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = if self.wants_client {
            let mut roots = RootCertStore::empty();
            let authority = CertificateDer::from_pem_file(file("authority.pem")).unwrap();
            roots.add(authority).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        let mut config = config.with_single_cert(chain, key).unwrap();
        if self.http2 {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A file of `tests/fixtures/tls`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tls")
        .join(name)
}

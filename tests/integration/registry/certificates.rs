//! TLS: certificates that are not trusted, and the folders that make them so.

use porthole::config::Network;
use porthole::transport::{Problem, Security};

use super::{BUSYBOX, certs_dir, client, document, network, problem, source};
use crate::support::registry::{Certificate, Registry, Setup, Tls};

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let right = [("authority.pem", "ca.crt")];
    for (certificate, trusted, words) in [
        (Certificate::Right, false, "nobody known here has signed it"),
        (Certificate::Expired, true, "it has expired"),
        (
            Certificate::OtherName,
            true,
            "it is for registry.example.com, and 127.0.0.1 was asked",
        ),
    ] {
        let registry = Registry::with_tls(certificate);
        let folder = certs_dir(&registry.host(), &right);
        let certs_dirs = if trusted { folder.1.clone() } else { vec![] };
        let network = Network {
            certs_dirs,
            ..network()
        };
        match problem(network, &registry.reference("busybox:1.37.0")).await {
            Problem::Certificate { why } => assert!(why.contains(words), "{certificate:?}: {why}"),
            other => panic!("{certificate:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_folder_of_certificates_makes_an_authority_trusted() {
    let registry = Registry::with_tls(Certificate::Right);
    registry.put_layout("busybox", BUSYBOX);
    for host in [registry.host(), format!("localhost:{}", registry.port())] {
        let (_dir, certs_dirs) = certs_dir(&host, &[("authority.pem", "ca.crt")]);
        let network = Network {
            certs_dirs,
            ..network()
        };
        let source = source(&client(network), &format!("docker://{host}/busybox:1.37.0"));
        document(&*source).await.unwrap();
        assert_eq!(
            source.connection().unwrap().security,
            Security::HttpsOwnRoots
        );
    }
    assert_eq!(registry.plain_connections(), 0);
}

#[tokio::test]
async fn an_authority_is_trusted_for_its_host_only() {
    let registry = Registry::with_tls(Certificate::Right);
    let (_dir, certs_dirs) = certs_dir("localhost:1", &[("authority.pem", "ca.crt")]);
    let network = Network {
        certs_dirs,
        ..network()
    };
    let problem = problem(network, &registry.reference("busybox:1.37.0")).await;
    assert!(
        matches!(problem, Problem::Certificate { .. }),
        "{problem:?}"
    );
}

#[tokio::test]
async fn an_authority_that_is_put_there_later_is_found() {
    let registry = Registry::with_tls(Certificate::Right);
    registry.put_layout("busybox", BUSYBOX);
    let (dir, certs_dirs) = certs_dir(&registry.host(), &[]);
    let client = client(Network {
        certs_dirs,
        ..network()
    });
    let source = source(&client, &registry.reference("busybox:1.37.0"));
    document(&*source).await.unwrap_err();
    let authority = crate::support::registry::tls_file("authority.pem");
    std::fs::copy(authority, dir.path().join(registry.host()).join("ca.crt")).unwrap();
    document(&*source).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_one_is_wanted() {
    let registry = Registry::start_with(Setup {
        tls: Some(Tls {
            wants_client: true,
            ..Tls::showing(Certificate::Right)
        }),
        ..Setup::default()
    });
    registry.put_layout("busybox", BUSYBOX);
    let authority = ("authority.pem", "ca.crt");
    let pair = [
        authority,
        ("client.pem", "client.cert"),
        ("client.key", "client.key"),
    ];
    let (_dir, certs_dirs) = certs_dir(&registry.host(), &pair);
    let with = Network {
        certs_dirs,
        ..network()
    };
    document(&*source(
        &client(with),
        &registry.reference("busybox:1.37.0"),
    ))
    .await
    .unwrap();

    let (_dir, certs_dirs) = certs_dir(&registry.host(), &[authority]);
    let without = Network {
        certs_dirs,
        ..network()
    };
    let problem = problem(without, &registry.reference("busybox:1.37.0")).await;
    assert!(
        matches!(problem, Problem::ClientCertificate { .. }),
        "{problem:?}"
    );
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let registry = Registry::with_tls(Certificate::Right);
    for (files, named) in [
        (vec![("client.pem", "client.cert")], "client.cert"),
        (vec![("client.key", "client.key")], "client.key"),
        (vec![("client.key", "ca.crt")], "ca.crt"),
        (
            vec![
                ("client.pem", "client.cert"),
                ("authority.pem", "client.key"),
            ],
            "client.cert",
        ),
    ] {
        let (_dir, certs_dirs) = certs_dir(&registry.host(), &files);
        let network = Network {
            certs_dirs,
            ..network()
        };
        match problem(network, &registry.reference("busybox:1.37.0")).await {
            Problem::Settings { path, .. } => assert!(path.ends_with(named), "{path}"),
            other => panic!("{files:?}: {other:?}"),
        }
    }
}

/// Runs the program itself, which reads its environment.
fn inspect(reference: &str, authorities: &std::path::Path) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    std::process::Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(["inspect", "--raw", reference])
        .env_clear()
        .env("HOME", home.path())
        .env("SSL_CERT_FILE", authorities)
        .env("SSL_CERT_DIR", home.path())
        .output()
        .unwrap()
}

#[test]
fn the_systems_authorities_are_trusted() {
    let registry = Registry::with_tls(Certificate::Right);
    registry.put_layout("busybox", BUSYBOX);
    let reference = registry.reference("busybox:1.37.0");
    let authority = crate::support::registry::tls_file("authority.pem");
    let output = inspect(&reference, &authority);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    assert!(output.stdout.starts_with(b"{"), "{errors}");
    let other = inspect(
        &reference,
        &crate::support::registry::tls_file("client.pem"),
    );
    assert_eq!(other.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&other.stderr);
    assert!(errors.contains("not trusted"), "{errors}");
}

#[test]
fn a_system_without_any_authority_still_reads_from_this_machine() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let nothing = std::path::Path::new("/nonexistent");
    let output = inspect(&registry.reference("busybox:1.37.0"), nothing);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let tls = Registry::with_tls(Certificate::Right);
    let output = inspect(&tls.reference("busybox:1.37.0"), nothing);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("not trusted"), "{errors}");
}

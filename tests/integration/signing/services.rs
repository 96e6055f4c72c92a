//! Sigstore's services as the tests of signing use them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::{Home, said};
use crate::support::sigstore::{EMAIL, Sigstore};

/// Services whose files lie in a home folder: `root.json`, `config1.json`, `config2.json`,
/// `token`, `timestamps.pem`.
pub fn services(home: &Home) -> Sigstore {
    let services = Sigstore::start();
    let write = |name: &str, text: String| std::fs::write(home.path(name), text).unwrap();
    write("root.json", services.trusted_root().to_string());
    write("config1.json", services.signing_config(1).to_string());
    write("config2.json", services.signing_config(2).to_string());
    write("timestamps.pem", services.timestamp_root());
    write("token", services.token());
    services
}

/// What signs with the identity of the token, by all services.
pub const BY_TOKEN: [&str; 7] = [
    "--identity-token",
    "token",
    "--signing-config",
    "config1.json",
    "--trusted-root",
    "root.json",
    "--yes",
];

/// `sign REFERENCE` with these arguments behind it.
pub fn sign<'a>(reference: &'a str, more: &[&[&'a str]]) -> Vec<&'a str> {
    let mut arguments = vec!["sign", reference];
    arguments.extend(more.concat());
    arguments
}

/// What our own verification says of an image signed by an identity.
pub fn verified(home: &Home, reference: &str, identity: &str, issuer: &str) -> Value {
    let arguments = [
        "verify",
        reference,
        "--identity",
        identity,
        "--issuer",
        issuer,
        "--trust-root",
        "root.json",
        "--json",
    ];
    let output = home.porthole(&arguments).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    report
}

/// Whether cosign accepts the image by these arguments; with what it said.
pub fn cosign(
    home: &Home,
    verb: &str,
    bundle: bool,
    by: &[&str],
    image: &str,
) -> Option<(bool, String)> {
    let bundle = format!("--new-bundle-format={bundle}");
    let mut arguments = vec![verb, "--allow-http-registry", "--allow-insecure-registry"];
    arguments.extend([bundle.as_str(), "--trusted-root", "root.json"]);
    arguments.extend(by);
    arguments.push(image);
    let output = home.peer("cosign", &arguments)?;
    Some((output.status.success(), said(&output)))
}

/// The arguments by which cosign accepts the identity of the token.
pub fn by_identity(services: &Sigstore) -> Vec<&str> {
    vec![
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        &services.issuer,
    ]
}

/// Porthole, which waits for somebody to sign in.
pub struct Waiting {
    child: Child,
    /// Where it sends the browser.
    pub address: String,
    stderr: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Waiting {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::of(home.porthole(arguments))
    }

    /// The same for a program that is set up already.
    pub fn of(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut address) = (String::new(), None);
        while address.is_none() {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "{said}");
            if line.contains("code_challenge=") {
                address = Some(line.trim().to_owned());
            }
            said.push_str(&line);
        }
        Self {
            child,
            address: address.unwrap(),
            stderr,
            said,
        }
    }

    /// Does what a browser does: opens the address and goes where it is sent.
    pub fn sign_in(&self) -> String {
        let (_, back) = get(&self.address);
        get(&back).0
    }

    /// What came of it.
    pub fn end(mut self) -> (Output, String) {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output, self.said)
    }
}

/// Asks for an `http://` address. Gives the whole answer, and where it sends on to.
pub fn get(address: &str) -> (String, String) {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let to = answer
        .lines()
        .find_map(|line| line.strip_prefix("Location: "));
    let to = to.unwrap_or_default().to_owned();
    (answer, to)
}

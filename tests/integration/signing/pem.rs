//! Private keys in PEM as other programs write them: encrypted, with other things in the same
//! file, with the line ends of another system.

use super::{Home, PASSPHRASE, said};

/// How openssl encrypts a key, and what is said of one that is not read here.
const ENCRYPTED: [(&str, &[&str], Option<&str>); 8] = [
    ("usual", &[], None),
    ("aes128", &["-v2", "aes-128-cbc"], None),
    ("aes192", &["-v2", "aes-192-cbc"], None),
    (
        "sha1",
        &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
        None,
    ),
    (
        "sha512",
        &["-v2prf", "hmacWithSHA512", "-iter", "100000"],
        None,
    ),
    ("scrypt", &["-scrypt"], None),
    (
        "des3",
        &["-v2", "des3"],
        Some("in a way that is not read here"),
    ),
    ("slow", &["-iter", "10000001"], Some("more time or memory")),
];

#[test]
fn keys_that_openssl_encrypted_are_taken_in_and_sign_as_they_are() {
    let home = Home::new();
    let openssl = |arguments: &[&str]| {
        let output = home.system("openssl", arguments)?;
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        Some(output)
    };
    let ec = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"];
    let kinds = [
        ("ec", &ec[..]),
        ("ed", &["-algorithm", "ed25519"]),
        ("rsa", &rsa),
    ];
    for (kind, arguments) in kinds {
        let made = [&["genpkey", "-out", kind], arguments].concat();
        if openssl(&made).is_none() {
            return;
        }
        let public = openssl(&["pkey", "-in", kind, "-pubout"]).unwrap();
        let public = String::from_utf8(public.stdout).unwrap();
        for (how, options, problem) in ENCRYPTED {
            // one kind of key goes through all of them
            if kind != "ec" && how != "usual" {
                continue;
            }
            let file = format!("{kind}-{how}");
            let pass = format!("pass:{PASSPHRASE}");
            let base = [
                "pkcs8", "-topk8", "-in", kind, "-out", &file, "-passout", &pass,
            ];
            openssl(&[&base, options].concat()).unwrap();
            let import = ["keys", "import", "--key", &file, &file];
            if let Some(problem) = problem {
                let error = home.fail(&import);
                assert!(error.contains(problem), "{file}: {error}");
                // what to do about it, which can be done
                assert!(
                    error.contains("openssl pkcs8 -topk8 -v2 aes-256-cbc"),
                    "{error}"
                );
                continue;
            }
            let mut wrong = home.porthole(&import);
            wrong.env("COSIGN_PASSWORD", "something else");
            let output = wrong.output().unwrap();
            assert!(!output.status.success(), "{file}");
            assert!(
                said(&output).contains("the passphrase or the file is wrong"),
                "{}",
                said(&output)
            );
            assert!(!home.kept(&format!("{file}.key")).exists(), "{file}");
            home.run(&import);
            assert_eq!(home.run(&["keys", "export", &file]), public, "{file}");
            // under the same passphrase, as cosign keeps it
            let kept = std::fs::read_to_string(home.kept(&format!("{file}.key"))).unwrap();
            assert!(kept.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));
        }
    }
    // a file signs without being taken in
    let layout = super::place::layout(&home.path("layout"));
    home.run(&["sign", &layout, "--key", "ec-usual"]);
    let key = home.kept("ec-usual.pub").display().to_string();
    home.run(&["verify", &layout, "--key", &key]);
    let shown = home.run(&["keys", "show", "rsa-usual"]);
    assert!(shown.contains("RSA 4096"), "{shown}");
}

#[test]
fn keys_are_found_in_files_of_every_spelling() {
    let home = Home::new();
    home.key("own", "p256");
    let public = home.run(&["keys", "export", "own"]);
    let kept = std::fs::read_to_string(home.kept("own.key")).unwrap();
    let ec = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let Some(made) = home.system("openssl", &[&ec[..], &["-out", "plain"]].concat()) else {
        return;
    };
    assert!(made.status.success(), "{}", said(&made));
    let certificate = [
        "req",
        "-x509",
        "-key",
        "plain",
        "-subj",
        "/CN=a",
        "-out",
        "certificate",
    ];
    home.system("openssl", &certificate).unwrap();
    let read = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    let (plain, certificate) = (read("plain"), read("certificate"));
    let plain_public = home.run(&["keys", "import", "--key", "plain", "taken"]);
    assert!(plain_public.contains("ECDSA P-256"), "{plain_public}");
    let plain_public = home.run(&["keys", "export", "taken"]);
    let windows = |text: &str| text.replace('\n', "\r\n");
    let body: String = plain
        .lines()
        .filter(|line| !line.starts_with("--"))
        .collect();
    for (name, text, public) in [
        ("cosign-old", kept.replace("SIGSTORE", "COSIGN"), &public),
        ("cosign-windows", windows(&kept), &public),
        ("windows", windows(&plain), &plain_public),
        (
            "behind-certificate",
            format!("{certificate}{plain}"),
            &plain_public,
        ),
        (
            "before-certificate",
            format!("{plain}{certificate}"),
            &plain_public,
        ),
        (
            "words-around",
            format!("\u{feff}Bag Attributes\n  a: b\n{plain}bye"),
            &plain_public,
        ),
        ("no-last-line", plain.trim_end().to_owned(), &plain_public),
        (
            "one-line",
            format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"),
            &plain_public,
        ),
    ] {
        std::fs::write(home.path(name), text).unwrap();
        home.run(&["keys", "import", "--key", name, name]);
        assert_eq!(&home.run(&["keys", "export", name]), public, "{name}");
    }
    // what is none says what it is, and that it is none
    let old = [
        "ec", "-in", "plain", "-aes256", "-passout", "pass:x", "-out", "old",
    ];
    home.system("openssl", &old).unwrap();
    for (name, text, words) in [
        ("only-certificate", certificate.as_str(), "\"CERTIFICATE\""),
        ("public", &public, "\"PUBLIC KEY\""),
        ("old-form", &read("old"), "before PKCS #8"),
        ("cut", &plain[..plain.len() / 2], "no private key in PEM"),
        ("nothing", "", "no private key in PEM"),
        (
            "openssh",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "\"OPENSSH PRIVATE KEY\"",
        ),
    ] {
        std::fs::write(home.path(name), text).unwrap();
        let error = home.fail(&["keys", "import", "--key", name, "none"]);
        assert!(error.contains(words), "{name}: {error}");
        // before a passphrase is asked for
        let mut asking = home.porthole(&["keys", "import", "--key", name, "none"]);
        let output = asking.env_remove("COSIGN_PASSWORD").output().unwrap();
        assert!(said(&output).contains(words), "{name}: {}", said(&output));
        assert!(!home.kept("none.key").exists() && !home.kept("none.pub").exists());
    }
}

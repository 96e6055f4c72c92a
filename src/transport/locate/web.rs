//! Web addresses: the pages that registries show for an image, and the addresses of their
//! API.

use super::LocateError;
use crate::model::Digest;

/// A web address, taken apart.
struct Address {
    host: String,
    /// The parts of the path, decoded, without empty ones.
    parts: Vec<String>,
    query: Vec<(String, String)>,
}

/// The pages of one host.
struct Site {
    host: &'static str,
    /// Gives the name of the image that a page shows.
    image: fn(&Address) -> Option<String>,
    /// Whether the host is a registry too, so that any other path is a repository's.
    registry: bool,
}

const SITES: &[Site] = &[
    Site {
        host: "hub.docker.com",
        image: docker_hub,
        registry: false,
    },
    Site {
        host: "quay.io",
        image: quay,
        registry: true,
    },
    Site {
        host: "github.com",
        image: github,
        registry: false,
    },
    Site {
        host: "gallery.ecr.aws",
        image: amazon,
        registry: false,
    },
    Site {
        host: "console.cloud.google.com",
        image: google,
        registry: false,
    },
];

/// The registry reference that an address stands for; nothing where `text` is no address.
/// Without `https://` only the pages that are known are addresses: anything else may be a
/// reference as it is.
pub(super) fn image_of(text: &str) -> Option<Result<String, LocateError>> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| &text[scheme.len()..])
    });
    match rest {
        Some(rest) => Some(address(rest).and_then(|address| image(&address))),
        None => {
            let address = address(text).ok()?;
            let site = SITES.iter().find(|site| site.host == address.host)?;
            (site.image)(&address).map(Ok)
        }
    }
}

fn image(address: &Address) -> Result<String, LocateError> {
    let none = |why| LocateError::Web {
        host: address.host.clone(),
        why,
    };
    if let Some(site) = SITES.iter().find(|site| site.host == address.host) {
        match (site.image)(address) {
            Some(name) => return Ok(name),
            None if site.registry => {}
            None => return Err(none("it is not the page of an image")),
        }
    }
    let host = &address.host;
    let parts: Vec<&str> = address.parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["v2", name @ .., "manifests", reference] if !name.is_empty() => {
            let mark = if reference.contains(':') { '@' } else { ':' };
            Ok(format!("{host}/{}{mark}{reference}", name.join("/")))
        }
        ["v2", name @ .., "referrers", digest] if !name.is_empty() => {
            Ok(format!("{host}/{}@{digest}", name.join("/")))
        }
        ["v2", name @ .., "tags", "list"] if !name.is_empty() => {
            Ok(format!("{host}/{}", name.join("/")))
        }
        ["v2", ..] => Err(none("this part of the registry's API has no manifest")),
        [] => Err(none("it has no path")),
        path => Ok(format!("{host}/{}", path.join("/"))),
    }
}

/// Takes apart what stands behind the scheme.
fn address(text: &str) -> Result<Address, LocateError> {
    let text = text.split('#').next().unwrap_or_default();
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    // never repeated in the error: what stands before the @ may be a password
    if let Some((_, host)) = host.rsplit_once('@') {
        return Err(LocateError::Web {
            host: host.to_ascii_lowercase(),
            why: "it has a user name in it, which is never sent from here",
        });
    }
    let host = host.to_ascii_lowercase();
    let not_text = || LocateError::Web {
        host: host.clone(),
        why: "its escapes are not UTF-8",
    };
    let decode = |text: &str| String::from_utf8(percent_decode(text)).map_err(|_| not_text());
    let parts = path.split('/').filter(|part| !part.is_empty());
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Ok(Address {
        parts: parts.map(decode).collect::<Result<_, _>>()?,
        query: pairs
            .map(|(key, value)| Ok((decode(key)?, decode(value)?)))
            .collect::<Result<_, LocateError>>()?,
        host: host.clone(),
    })
}

/// Turns `%41` into the byte 0x41. What is no such escape stays as it is.
pub(super) fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| {
        let byte = *bytes.get(at)?;
        char::from(byte).to_digit(16)
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| Some((digit(at + 1)?, digit(at + 2)?)));
        match escaped.flatten() {
            Some((high, low)) => {
                // two hexadecimal digits are at most 255
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

impl Address {
    fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// `:TAG` of the query's `tag`, or nothing.
    fn tag(&self) -> String {
        let tag = self.query.iter().find(|(key, _)| key == "tag");
        tag.filter(|(_, tag)| !tag.is_empty())
            .map(|(_, tag)| format!(":{tag}"))
            .unwrap_or_default()
    }
}

/// `/_/NAME`, `/r/NS/NAME`, `/repository/docker/NS/NAME`, each with more behind it, and
/// `/layers/NS/NAME/TAG/images/sha256-HEX`.
fn docker_hub(address: &Address) -> Option<String> {
    Some(match address.parts().as_slice() {
        ["_", name, ..] => format!("docker.io/library/{name}"),
        ["r", space, name, ..] | ["repository", "docker", space, name, ..] => {
            format!("docker.io/{space}/{name}")
        }
        ["layers", space, name, tag, rest @ ..] => {
            let digest = match rest {
                ["images", image, ..] => digest_suffix(&image.replacen('-', ":", 1)),
                _ => String::new(),
            };
            format!("docker.io/{space}/{name}:{tag}{digest}")
        }
        _ => return None,
    })
}

/// `/repository/NS/NAME?tag=TAG`, `…/tag/TAG`, `…/manifest/DIGEST`.
fn quay(address: &Address) -> Option<String> {
    Some(match address.parts().as_slice() {
        ["repository", space, name, "tag", tag, ..] => format!("quay.io/{space}/{name}:{tag}"),
        ["repository", space, name, "manifest", digest, ..] => {
            format!("quay.io/{space}/{name}@{digest}")
        }
        ["repository", space, name, ..] => format!("quay.io/{space}/{name}{}", address.tag()),
        _ => return None,
    })
}

/// `/OWNER/REPO/pkgs/container/NAME[/ID][?tag=TAG]`, and the same below `/orgs/OWNER` and
/// `/users/OWNER`. A slash in NAME is escaped there, and owners may be in upper case.
fn github(address: &Address) -> Option<String> {
    let (owner, name) = match address.parts().as_slice() {
        [
            "orgs" | "users",
            owner,
            "packages",
            "container",
            "package",
            name,
            ..,
        ]
        | ["orgs" | "users", owner, "packages", "container", name, ..]
        | [owner, _, "pkgs", "container", name, ..] => (*owner, *name),
        _ => return None,
    };
    let path = format!("{owner}/{name}").to_ascii_lowercase();
    Some(format!("ghcr.io/{path}{}", address.tag()))
}

/// `/NS/NAME…`.
fn amazon(address: &Address) -> Option<String> {
    match address.parts().as_slice() {
        path @ [_, _, ..] => Some(format!("public.ecr.aws/{}", path.join("/"))),
        _ => None,
    }
}

/// `/artifacts/docker/PROJECT/LOCATION/REPO/NAME[/DIGEST]`.
fn google(address: &Address) -> Option<String> {
    match address.parts().as_slice() {
        [
            "artifacts",
            "docker",
            project,
            location,
            repository,
            name,
            rest @ ..,
        ] => {
            let digest = rest.first().map(|digest| digest_suffix(digest));
            let digest = digest.unwrap_or_default();
            Some(format!(
                "{location}-docker.pkg.dev/{project}/{repository}/{name}{digest}"
            ))
        }
        _ => None,
    }
}

/// `@DIGEST` where the text is one.
fn digest_suffix(text: &str) -> String {
    text.parse::<Digest>()
        .map(|digest| format!("@{digest}"))
        .unwrap_or_default()
}

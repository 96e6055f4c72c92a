//! What an issuer says of itself (OpenID Connect Discovery, section 4).

use serde_json::Value;

use crate::transport::registry::{Client, Message};

use super::{Service, ServiceError, ServiceRole, trimmed};

/// Where an issuer is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    /// As it calls itself.
    pub name: String,
    /// Where people sign in.
    pub authorization: String,
    /// Where a code becomes a token.
    pub token: String,
}

/// Asks the issuer at `address`.
pub(super) async fn discover(client: &Client, address: &str) -> Result<Issuer, ServiceError> {
    let service = Service {
        role: ServiceRole::Issuer,
        client,
        address: trimmed(address),
    };
    let path = "/.well-known/openid-configuration";
    let answer = service.ask(path, &Message::Get, None, "application/json", None);
    let answer = answer.await?;
    let value: Value = serde_json::from_slice(&answer)
        .map_err(|_| service.protocol("it does not say of itself what an issuer says"))?;
    let text = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        let text = text.map(ToOwned::to_owned);
        text.ok_or_else(|| service.protocol(format_args!("it does not say its {key}")))
    };
    let found = Issuer {
        name: text("issuer")?,
        authorization: text("authorization_endpoint")?,
        token: text("token_endpoint")?,
    };
    if trimmed(&found.name) != service.address {
        let why = format_args!("it calls itself {}", found.name);
        return Err(service.protocol(why));
    }
    // a browser is to open it: no file and no script
    if !found.authorization.starts_with("https://") && !is_on_loopback(&found.authorization) {
        let why = format_args!(
            "people would sign in without encryption at {}",
            found.authorization
        );
        return Err(service.protocol(why));
    }
    Ok(found)
}

/// Whether a plain address is one of this machine.
fn is_on_loopback(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => host,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_on_loopback;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for own in [
            "http://localhost:1/auth",
            "http://127.0.0.1/a",
            "http://[::1]:5/a",
        ] {
            assert!(is_on_loopback(own), "{own}");
        }
        for other in [
            "http://issuer.example.com/auth",
            "http://localhost.example.com",
            "http://localhost@example.com/",
            "https://localhost/",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert!(!is_on_loopback(other), "{other}");
        }
    }
}

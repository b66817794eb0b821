//! The servers that a policy allows. Pure.

use std::fmt;

use livy_client::Endpoint;
use serde::Deserialize;

/// The word for Spark on this machine.
const LOCAL: &str = "local";

/// A server that is allowed, or several: `https://livy.example:8998`, `https://*.example/livy`,
/// `https://knox.example/gateway/*`, or `local` for Spark on this machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowedServer {
    text: String,
    /// None for this machine.
    address: Option<Endpoint>,
}

impl TryFrom<String> for AllowedServer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == LOCAL {
            return Ok(Self { text, address: None });
        }
        let address = Endpoint::parse(&text).map_err(|error| format!("{text:?}: {error}"))?;
        if address.user().is_some() {
            return Err(format!("{address} must be without a user"));
        }
        let host = address.host().strip_prefix("*.").unwrap_or(address.host());
        let path = address.path().strip_suffix("/*").unwrap_or(address.path());
        if host.contains('*') || path.contains('*') {
            return Err(format!(
                "{text:?}: a * stands for the first names of a host, or for the end of a path"
            ));
        }
        Ok(Self { text, address: Some(address) })
    }
}

impl AllowedServer {
    /// Whether this is Spark on this machine.
    pub fn is_this_machine(&self) -> bool {
        self.address.is_none()
    }

    /// Whether this is the server, or one of them.
    pub fn includes(&self, server: &Endpoint) -> bool {
        self.address.as_ref().is_some_and(|allowed| {
            allowed.is_https() == server.is_https()
                && allowed.port() == server.port()
                && is_host(allowed.host(), server.host())
                && is_path(allowed.path(), server.path())
        })
    }
}

fn is_host(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix('*') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|name| !name.is_empty()),
        None => allowed == host,
    }
}

/// An escaped character could lead a gateway out of the path.
fn is_path(allowed: &str, path: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(begin) => format!("{path}/").starts_with(begin) && !path.contains(['%', '\\']),
        None => allowed == path,
    }
}

impl fmt::Display for AllowedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(allowed: &str, server: &str) -> bool {
        let allowed = AllowedServer::try_from(allowed.to_owned()).unwrap();
        allowed.includes(&Endpoint::parse(server).unwrap())
    }

    #[test]
    fn a_server_is_its_scheme_its_host_its_port_and_its_path() {
        let allowed = "https://livy.example:8998/livy";
        for server in [
            allowed,
            "https://LIVY.example:8998/livy/",
            "https://me:secret@livy.example:8998/x/../livy?doAs=root",
        ] {
            assert!(includes(allowed, server), "{server}");
        }
        for server in [
            "http://livy.example:8998/livy",
            "https://livy.example/livy",
            "https://livy.example:8999/livy",
            "https://livy.example:8998",
            "https://livy.example:8998/livy/other",
            "https://livy.example:8998/livy%2f..",
            "https://livy.example@evil.example:8998/livy",
            "https://livy.example.evil.example:8998/livy",
            "https://livy.example.:8998/livy",
            "https://evil.example:8998/livy#@livy.example:8998/livy",
        ] {
            assert!(!includes(allowed, server), "{server}");
        }
        assert!(includes("https://livy.example", "https://livy.example:443/"));
    }

    #[test]
    fn a_star_stands_for_names_of_a_domain_or_for_the_rest_of_a_path() {
        let domain = "https://*.emr.example:8998";
        assert!(includes(domain, "https://j-1.emr.example:8998"));
        assert!(includes(domain, "https://a.b.emr.example:8998"));
        for server in ["https://emr.example:8998", "https://evilemr.example:8998"] {
            assert!(!includes(domain, server), "{server}");
        }
        let path = "https://knox.example/gateway/*";
        assert!(includes(path, "https://knox.example/gateway/prod/livy/v1"));
        for server in [
            "https://knox.example/gateway/../admin",
            "https://knox.example/gateway/%2e%2e/admin",
            "https://knox.example/gateway/..%2fadmin",
            "https://knox.example/gateway-evil/",
            "https://knox.example/",
        ] {
            assert!(!includes(path, server), "{server}");
        }
    }

    #[test]
    fn local_is_this_machine_and_no_address() {
        let local = AllowedServer::try_from("local".to_owned()).unwrap();
        assert!(local.is_this_machine() && !includes("local", "http://local"));
    }

    #[test]
    fn what_allows_nothing_or_too_much_is_wrong() {
        for text in [
            "",
            "livy.example",
            "Local",
            "https://*",
            "https://a*.b",
            "https://a/*/b",
            "https://u:p@a",
        ] {
            assert!(AllowedServer::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

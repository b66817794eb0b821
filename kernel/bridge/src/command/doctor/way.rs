//! The way to the server: its name, its port, and a proxy in between.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use livy_client::Endpoint;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{CONNECT_LIMIT, LIMIT, report::Finding};
use crate::settings;

/// Where requests go.
pub struct Way {
    host: String,
    port: u16,
    proxy: Option<&'static str>,
}

impl Way {
    /// To this server, by what the environment says of proxies.
    pub fn of(endpoint: &Endpoint) -> Self {
        let host = endpoint.host().trim_matches(['[', ']']).to_owned();
        let variables: &[&str] = match endpoint.is_https() {
            true => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            false => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        };
        let excepted =
            settings::current().first_value(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        let direct = endpoint.is_loopback() || is_excepted(&host, &excepted);
        let proxy = if direct { None } else { settings::current().first_set(variables) };
        Self { host, port: endpoint.port(), proxy }
    }

    /// The variable that names the proxy, if there is one in between.
    pub fn proxy(&self) -> Option<&'static str> {
        self.proxy
    }

    /// Whether the server's name is known.
    pub async fn look_up(&self) -> Finding {
        if let Some(variable) = self.proxy {
            return Finding::skip(format!("the proxy ({variable}) looks it up"));
        }
        if self.host.parse::<IpAddr>().is_ok() {
            return Finding::ok(format!("{} needs no look-up", self.host));
        }
        let found = async { lookup_host((&*self.host, self.port)).await.map(Iterator::collect) };
        known(&self.host, LIMIT, found).await
    }

    /// Whether the server takes connections.
    pub async fn connect(&self) -> Finding {
        if let Some(variable) = self.proxy {
            return Finding::skip(format!("the proxy ({variable}) connects; see below"));
        }
        let (host, port) = (&*self.host, self.port);
        match timeout(CONNECT_LIMIT, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Finding::ok(format!("{host} port {port} takes connections")),
            Ok(Err(error)) => Finding::fail(
                format!("{host} port {port}: {error}"),
                "is the server running, and is the port right (Livy's own is 8998)?",
            ),
            Err(_) => Finding::fail(
                format!("{host} port {port} does not react"),
                "a firewall may be in between; is a VPN or a proxy needed?",
            ),
        }
    }
}

/// Some systems look for a name for minutes.
async fn known(
    host: &str,
    limit: Duration,
    look_up: impl Future<Output = io::Result<Vec<SocketAddr>>>,
) -> Finding {
    match timeout(limit, look_up).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            Finding::ok(format!("{host} is {}", addresses[0].ip()))
        }
        Ok(Ok(_)) => unknown(host, "it has no address"),
        Ok(Err(error)) => unknown(host, &error.to_string()),
        Err(_) => Finding::fail(
            format!("nobody says within {} s what {host} is", limit.as_secs()),
            "the name server does not answer; is this the right network, or is a VPN needed?",
        ),
    }
}

fn unknown(host: &str, why: &str) -> Finding {
    Finding::fail(
        format!("the name {host} is not known ({why})"),
        format!("is {host} the right name, and is this the network that knows it?"),
    )
}

/// As `no_proxy` has it: names, each with all that is below it.
fn is_excepted(host: &str, no_proxy: &str) -> bool {
    no_proxy.split(',').map(|name| name.trim().trim_start_matches('.')).any(|name| {
        name == "*"
            || !name.is_empty()
                && host
                    .strip_suffix(name)
                    .is_some_and(|left| left.is_empty() || left.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::report::Verdict;

    #[tokio::test]
    async fn a_name_server_that_does_not_answer_is_not_awaited() {
        let finding = known("livy.example", Duration::ZERO, std::future::pending()).await;
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.remedy.contains("name server does not answer"), "{finding:?}");
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_not_known() {
        let finding = known("livy.example", LIMIT, async { Ok(Vec::new()) }).await;
        assert!(finding.found.contains("livy.example is not known"), "{finding:?}");
    }

    #[test]
    fn exceptions_from_the_proxy_are_names_and_what_is_below_them() {
        for (no_proxy, excepted) in [
            ("", false),
            ("example", true),
            ("a.b, .livy.example", true),
            ("vy.example", false),
            ("*", true),
        ] {
            assert_eq!(is_excepted("livy.example", no_proxy), excepted, "{no_proxy}");
        }
    }
}

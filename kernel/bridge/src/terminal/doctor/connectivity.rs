//! Checks whether the server can be reached: its name, its port, and a proxy in between.

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

use crate::{
    settings::Settings,
    terminal::doctor::{
        limits::{CHECK_LIMIT, CONNECT_LIMIT},
        report::Finding,
    },
};

/// The host and port that requests go to, and the variable of the proxy that they go through.
pub struct Route {
    host: String,
    port: u16,
    proxy_variable: Option<&'static str>,
}

impl Route {
    /// Finds the route to a server, with the proxy that the environment sets.
    pub fn to(settings: &Settings, endpoint: &Endpoint) -> Self {
        let host = endpoint.host().trim_matches(['[', ']']).to_owned();
        let variables: &[&str] = match endpoint.is_https() {
            true => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            false => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        };
        let excepted = settings.first_value(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        let direct = endpoint.is_loopback() || is_excepted(&host, &excepted);
        let proxy_variable = if direct { None } else { settings.first_set(variables) };
        Self { host, port: endpoint.port(), proxy_variable }
    }

    /// Returns the variable that names the proxy, if requests go through one.
    pub fn proxy_variable(&self) -> Option<&'static str> {
        self.proxy_variable
    }

    /// Checks whether the server's name can be resolved.
    pub async fn look_up(&self) -> Finding {
        if let Some(variable) = self.proxy_variable {
            return Finding::skip(format!("the proxy ({variable}) resolves the name"));
        }
        if self.host.parse::<IpAddr>().is_ok() {
            return Finding::ok(format!("{} is an address and needs no look-up", self.host));
        }
        let look_up = async { lookup_host((&*self.host, self.port)).await.map(Iterator::collect) };
        resolve(&self.host, CHECK_LIMIT, look_up).await
    }

    /// Checks whether the server accepts connections.
    pub async fn connect(&self) -> Finding {
        if let Some(variable) = self.proxy_variable {
            return Finding::skip(format!("the proxy ({variable}) connects; see below"));
        }
        let (host, port) = (&*self.host, self.port);
        match timeout(CONNECT_LIMIT, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Finding::ok(format!("{host} port {port} accepts connections")),
            Ok(Err(error)) => Finding::fail(
                format!("{host} port {port}: {error}"),
                "check that the server is running and that the port is right (Livy's default is 8998)",
            ),
            Err(_) => Finding::fail(
                format!("{host} port {port} does not answer"),
                "a firewall may block it; check whether you need a VPN or a proxy",
            ),
        }
    }
}

/// Looks a name up, for at most `limit`, since some systems try for minutes.
async fn resolve(
    host: &str,
    limit: Duration,
    look_up: impl Future<Output = io::Result<Vec<SocketAddr>>>,
) -> Finding {
    match timeout(limit, look_up).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            Finding::ok(format!("{host} is {}", addresses[0].ip()))
        }
        Ok(Ok(_)) => not_found(host, "it has no address"),
        Ok(Err(error)) => not_found(host, &error.to_string()),
        Err(_) => Finding::fail(
            format!("the name {host} could not be looked up within {} s", limit.as_secs()),
            "the name server does not answer; check the network, and whether you need a VPN",
        ),
    }
}

fn not_found(host: &str, why: &str) -> Finding {
    Finding::fail(
        format!("the name {host} was not found ({why})"),
        "check the name, and whether you need a VPN to reach its network",
    )
}

/// Returns whether `no_proxy` names the host, or a domain that the host is in.
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
    use crate::terminal::doctor::report::Verdict;

    #[tokio::test]
    async fn a_silent_name_server_is_not_awaited() {
        let finding = resolve("livy.example", Duration::ZERO, std::future::pending()).await;
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.remedy.contains("name server does not answer"), "{finding:?}");
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_not_found() {
        let finding = resolve("livy.example", CHECK_LIMIT, async { Ok(Vec::new()) }).await;
        assert!(finding.found.contains("livy.example was not found"), "{finding:?}");
    }

    #[test]
    fn no_proxy_lists_hosts_and_domains() {
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

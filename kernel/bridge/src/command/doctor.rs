//! What is configured, whether it works, and what to do where it does not.

use std::{
    env,
    time::{Duration, Instant},
};

use livy_client::{Ability, Client, Error, Options, ResendPolicy, batch, session, version};
use serde_json::json;
use tokio::{net, time::timeout};

use super::{CommandError, say, table::align};
use crate::settings::{self, LIVY_URL, Place};

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Round trips to take the median of.
const ROUND_TRIPS: usize = 5;
/// Variables that lead requests to a proxy.
const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// One finding.
struct Check {
    name: &'static str,
    verdict: Verdict,
    found: String,
    remedy: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

fn ok(name: &'static str, found: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Ok, found: found.into(), remedy: String::new() }
}

fn fail(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Fail, found: found.into(), remedy: remedy.into() }
}

/// Checks everything, as far as it makes sense.
pub async fn doctor(as_json: bool) -> Result<(), CommandError> {
    let checks = match settings::place() {
        Ok(Place::Livy(options)) => livy(*options).await,
        Ok(Place::Here(python)) => vec![here(python).await],
        Err(error) => vec![fail("settings", error.to_string(), "correct the variable")],
    };
    say(if as_json { as_document(&checks) } else { as_text(&checks) })?;
    match checks.iter().any(|check| check.verdict == Verdict::Fail) {
        true => Err(CommandError::Other("something does not work, as said above".to_owned())),
        false => Ok(()),
    }
}

async fn here(python: Option<std::path::PathBuf>) -> Check {
    let options = livy_local::Options { python, ..livy_local::Options::default() };
    match livy_local::start(options).await {
        Ok(server) => {
            let python = server.python().map(|path| path.display().to_string()).unwrap_or_default();
            let spark = server.spark_version().unwrap_or_default().to_owned();
            server.stop().await;
            ok(
                "local Spark",
                format!("{LIVY_URL} is not set; Spark {spark} of {python} will be used"),
            )
        }
        Err(error) => fail(
            "local Spark",
            format!("{LIVY_URL} is not set, and there is no Spark here"),
            error.to_string(),
        ),
    }
}

/// From the settings to a round trip; whatever fails ends it, since the rest would fail with it.
async fn livy(options: Options) -> Vec<Check> {
    let mut checks = configured(&options);
    if !goes_through_a_proxy(&options) {
        let connected = connect(&options).await;
        let failed = connected.verdict == Verdict::Fail;
        checks.push(connected);
        if failed {
            return checks;
        }
    }
    let client = match Client::with(Options { resend: ResendPolicy::NEVER, ..options }) {
        Ok(client) => client,
        Err(error) => {
            checks.push(fail("settings", error.to_string(), "correct the setting"));
            return checks;
        }
    };
    let answered = answer(&client).await;
    let failed = answered.verdict == Verdict::Fail;
    checks.push(answered);
    if !failed {
        checks.push(which_version(&client).await);
        checks.push(abilities(&client).await);
        checks.push(round_trip(&client).await);
    }
    checks
}

fn configured(options: &Options) -> Vec<Check> {
    let variables: Vec<String> = env::vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("LIVY_") || PROXIES.contains(&name.as_str()))
        .collect();
    let profile = livy_client::Profile::ALL.iter().find(|(_, profile)| *profile == options.profile);
    let mut checks = vec![
        ok("settings", format!("from the environment: {}", variables.join(", "))),
        ok(
            "server",
            format!(
                "{}, profile {}, authentication: {}",
                options.endpoint,
                profile.map_or("", |(name, _)| name),
                options.auth.name()
            ),
        ),
    ];
    if options.tls.verify == livy_client::Verify::Nothing {
        checks.push(Check {
            name: "TLS",
            verdict: Verdict::Warn,
            found: "the server's certificate is not checked".to_owned(),
            remedy: "pin it by LIVY_TLS_PIN_SHA256 instead of LIVY_TLS_VERIFY=no".to_owned(),
        });
    }
    checks
}

fn goes_through_a_proxy(options: &Options) -> bool {
    !options.endpoint.is_loopback() && PROXIES.iter().any(|name| env::var_os(name).is_some())
}

async fn connect(options: &Options) -> Check {
    let (host, port) = (options.endpoint.host().trim_matches(['[', ']']), options.endpoint.port());
    let addresses: Vec<_> = match net::lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let remedy =
                format!("is {host} the right name, and is this the network that knows it?");
            return fail("connect", format!("the name {host} is not known ({error})"), remedy);
        }
    };
    match timeout(LIMIT, net::TcpStream::connect(&addresses[..])).await {
        Ok(Ok(_)) => ok("connect", format!("{host} port {port} takes connections")),
        Ok(Err(error)) => fail(
            "connect",
            format!("{host} port {port}: {error}"),
            "is the server running, and is the port right (Livy's own is 8998)?",
        ),
        Err(_) => fail(
            "connect",
            format!("{host} port {port} does not react"),
            "a firewall may be in between; is a VPN or a proxy needed?",
        ),
    }
}

async fn answer(client: &Client) -> Check {
    let request = session::list(Some(0), Some(1)).answer_within(LIMIT);
    match client.send(request).await {
        Ok(list) => ok("answer", format!("it is a Livy, and lists {} sessions", list.total)),
        Err(error) => fail("answer", error.to_string(), remedy(&error)),
    }
}

/// What to do about an error of the first request.
fn remedy(error: &Error) -> &'static str {
    match error {
        Error::Untrusted { .. } | Error::Tls(_) => {
            "tls.ca_file is set by LIVY_TLS_CA_FILE, tls.pin_sha256 by LIVY_TLS_PIN_SHA256"
        }
        Error::Auth(_) => "correct LIVY_TOKEN_COMMAND and its like",
        Error::Refused(refusal) => match refusal.status {
            300..=399 => {
                "a login stands in between: set LIVY_TOKEN or LIVY_TOKEN_COMMAND, or ask for an address for programs"
            }
            401 => {
                "set user and password in LIVY_URL, or LIVY_TOKEN, LIVY_TOKEN_COMMAND or LIVY_AUTH=netrc; if they are set, they are wrong"
            }
            403 => "the server knows who you are but does not let you in: ask whoever runs it",
            404 => "the path of LIVY_URL may be wrong: gateways serve Livy below one",
            _ => "ask whoever runs the server",
        },
        Error::Unreadable { .. } => {
            "is this the address of a Livy server, and not of a web page or a login?"
        }
        Error::Lost { .. } => "the server hangs, or speaks TLS on this port (https:)",
        _ => "is the server running?",
    }
}

async fn which_version(client: &Client) -> Check {
    match client.send(version::get().answer_within(LIMIT)).await {
        Ok(version) => ok("version", version.version),
        Err(Error::Lacking(_)) => ok("version", "the server does not tell"),
        Err(error) => Check {
            name: "version",
            verdict: Verdict::Warn,
            found: error.to_string(),
            remedy: String::new(),
        },
    }
}

/// What could be found out without a session.
async fn abilities(client: &Client) -> Check {
    let _ = client.send(batch::list(Some(0), Some(1)).answer_within(LIMIT)).await;
    let of = |lacking: bool| {
        let some = Ability::ALL.into_iter().filter(|&ability| client.lacks(ability) == lacking);
        some.map(|ability| ability.to_string()).collect::<Vec<_>>().join(", ")
    };
    ok("abilities", format!("lacks {}; supposed: {}", of(true), of(false)))
}

async fn round_trip(client: &Client) -> Check {
    let mut times = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let begun = Instant::now();
        if client.send(session::list(Some(0), Some(1)).answer_within(LIMIT)).await.is_ok() {
            times.push(begun.elapsed());
        }
    }
    times.sort();
    match times.get(times.len() / 2) {
        Some(median) => ok("round trip", format!("{:.1} ms", median.as_secs_f64() * 1000.0)),
        None => fail("round trip", "the server stopped answering", "run this again"),
    }
}

fn as_text(checks: &[Check]) -> String {
    let mut lines = Vec::new();
    for check in checks {
        lines.push(vec![
            check.verdict.as_str().to_owned(),
            check.name.to_owned(),
            check.found.clone(),
        ]);
        if !check.remedy.is_empty() {
            lines.push(vec![String::new(), String::new(), format!("→ {}", check.remedy)]);
        }
    }
    align(&lines)
}

fn as_document(checks: &[Check]) -> String {
    let checks: Vec<_> = checks
        .iter()
        .map(|check| {
            json!({
                "check": check.name,
                "verdict": check.verdict.as_str().to_lowercase(),
                "found": check.found,
                "remedy": check.remedy,
            })
        })
        .collect();
    json!(checks).to_string()
}

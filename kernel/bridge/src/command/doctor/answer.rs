//! What the server says: one request tells of TLS, of the login and of the answer.

use std::time::{Duration, Instant};

use livy_client::{
    Ability, Client, Error, Options, Verify, batch,
    session::{self, Sessions},
    version,
};

use super::{
    LIMIT,
    configured::credentials_source,
    report::{Finding, Report},
    way::Way,
};

/// What is checked here, in this order.
pub const CHECKS: [&str; 6] = ["TLS", "login", "answer", "version", "abilities", "round trip"];

/// Round trips to take the median of.
const ROUND_TRIPS: usize = 5;

/// Asks.
pub async fn answer(report: &mut Report, client: &Client, options: &Options, way: &Way) {
    let first = client.send(session::list(Some(0), Some(1)).answer_within(LIMIT)).await;
    let failed_at = first.as_ref().err().map(|error| stage(error, options, way));
    for (name, good) in stages(options, first.as_ref().ok(), way) {
        match (&first, failed_at) {
            (Err(error), Some(at)) if at == name => report.add(name, failure(error, options, way)),
            _ => report.check(name, async { good }).await,
        }
    }
    report.check("version", which_version(client)).await;
    report.check("abilities", abilities(client)).await;
    report.check("round trip", round_trip(client)).await;
}

const PROXY: &str = "through proxy";

/// What an answer goes through, and what is to be said where it came through.
fn stages(options: &Options, list: Option<&Sessions>, way: &Way) -> Vec<(&'static str, Finding)> {
    let mut stages = Vec::new();
    if let Some(variable) = way.proxy() {
        stages.push((PROXY, Finding::ok(format!("the proxy ({variable}) lets requests through"))));
    }
    let tls = match (options.endpoint.is_https(), &options.tls.verify) {
        (false, _) => Finding::skip("the address is http:, which is without TLS"),
        (true, Verify::Authority) => Finding::ok("the server's certificate is trusted"),
        (true, Verify::Pin(_)) => Finding::ok("the server's certificate is the pinned one"),
        (true, Verify::Nothing) => Finding::ok("it works, whoever the server is"),
    };
    let login = match (list, options.auth.name()) {
        (None, _) => Finding::skip("without an answer of a Livy it cannot be told"),
        (Some(_), "none") => Finding::ok("the server does not ask who you are"),
        (Some(_), name) => {
            Finding::ok(format!("the server takes {name} ({})", credentials_source(options)))
        }
    };
    let count = list.map_or(0, |list| list.total);
    let answer = Finding::ok(format!("it is a Livy, and has {count} sessions"));
    stages.extend([("TLS", tls), ("login", login), ("answer", answer)]);
    stages
}

/// How far a request came that failed.
fn stage(error: &Error, options: &Options, way: &Way) -> &'static str {
    match error {
        Error::Untrusted { .. } => "TLS",
        Error::Unreachable { .. } if way.proxy().is_some() => PROXY,
        // The port takes connections, as was seen before.
        Error::Unreachable { .. } if options.endpoint.is_https() => "TLS",
        Error::Auth(_) | Error::Unproven { .. } => "login",
        Error::Refused(refusal) => match refusal.status {
            407 if way.proxy().is_some() => PROXY,
            401 | 403 | 300..=399 => "login",
            _ => "answer",
        },
        _ => "answer",
    }
}

fn failure(error: &Error, options: &Options, way: &Way) -> Finding {
    match error {
        Error::Untrusted { reason, .. } => untrusted(reason, options),
        error => Finding::fail(error.to_string(), remedy(error, way)),
    }
}

/// A certificate that is refused: `reason` says why, and after a semicolon what to do.
fn untrusted(reason: &str, options: &Options) -> Finding {
    let (why, remedy) = reason.split_once("; ").unwrap_or((reason, ""));
    let remedy = in_variables(remedy);
    let Some(ca_file) = &options.tls.ca_file else {
        return Finding::fail(why, remedy);
    };
    let ca_file = ca_file.display();
    // To name a server's own certificate as an authority is what everybody tries first.
    let remedy = match why.contains("authority's own") {
        true => format!(
            "LIVY_TLS_CA_FILE cannot make it fit for a server; pin it: set LIVY_TLS_PIN_SHA256 to \
             what `openssl x509 -noout -fingerprint -sha256 -in {ca_file}` prints after the `=`, \
             if that is its file; or {}",
            remedy.split(", or take").next().unwrap_or_default()
        ),
        false => format!("{remedy}; LIVY_TLS_CA_FILE is {ca_file} now"),
    };
    Finding::fail(why, remedy)
}

/// The client says `tls.ca_file` where the environment has `LIVY_TLS_CA_FILE`.
fn in_variables(text: &str) -> String {
    text.replace("tls.ca_file", "LIVY_TLS_CA_FILE").replace("tls.pin_sha256", "LIVY_TLS_PIN_SHA256")
}

/// Settings of which no client can be made, such as a file that is not there.
pub fn useless_settings(error: &Error) -> Finding {
    let remedy = "correct the setting: ca_file is LIVY_TLS_CA_FILE, client_cert is \
        LIVY_TLS_CLIENT_CERT, client_key is LIVY_TLS_CLIENT_KEY";
    Finding::fail(error.to_string(), remedy)
}

/// What to do about an error of the first request.
fn remedy(error: &Error, way: &Way) -> String {
    let remedy = match error {
        Error::Auth(_) => "do what it says, or see who is to ask: `livy-kernel config show`",
        Error::Refused(refusal) => refused(refusal.status),
        Error::Unreadable { .. } => {
            "is this the address of a Livy server, and not of a web page or a login? A login page \
             in front of Livy wants LIVY_TOKEN or LIVY_TOKEN_COMMAND"
        }
        Error::Lost { .. } => "the server hangs, or speaks TLS on this port (https:)",
        Error::Unreachable { .. } => "is the server running, and does it speak TLS on this port?",
        _ => "is the server running?",
    };
    match way.proxy() {
        None => remedy.to_owned(),
        Some(variable) if matches!(error, Error::Unreachable { .. }) => {
            format!("is the proxy of {variable} right and running, and may it go to this server?")
        }
        Some(variable) => format!("{remedy}. It may be the proxy of {variable} that says so"),
    }
}

fn refused(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "a login stands in between: set LIVY_TOKEN or LIVY_TOKEN_COMMAND, or ask for an address for programs"
        }
        401 => {
            "set user and password in LIVY_URL, or LIVY_TOKEN, LIVY_TOKEN_COMMAND or LIVY_AUTH=netrc; if they are set, they are wrong"
        }
        403 => "the server knows who you are but does not let you in: ask whoever runs it",
        404 => "the path of LIVY_URL may be wrong: gateways serve Livy below one",
        407 => "the proxy wants a password: write user:password@ before its host name",
        _ => "ask whoever runs the server",
    }
}

async fn which_version(client: &Client) -> Finding {
    match client.send(version::get().answer_within(LIMIT)).await {
        Ok(version) => Finding::ok(version.version),
        Err(Error::Lacking(_)) => Finding::ok("the server does not tell"),
        Err(error) => Finding::warn(error.to_string(), ""),
    }
}

/// What could be found out without a session.
async fn abilities(client: &Client) -> Finding {
    let _ = client.send(batch::list(Some(0), Some(1)).answer_within(LIMIT)).await;
    let of = |lacking: bool| {
        let some = Ability::ALL.into_iter().filter(|&ability| client.lacks(ability) == lacking);
        some.map(|ability| ability.to_string()).collect::<Vec<_>>().join(", ")
    };
    Finding::ok(format!("lacks {}; supposed: {}", of(true), of(false)))
}

async fn round_trip(client: &Client) -> Finding {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let begun = Instant::now();
        if client.send(session::list(Some(0), Some(1)).answer_within(LIMIT)).await.is_ok() {
            times.push(begun.elapsed());
        }
    }
    times.sort();
    match times.get(times.len() / 2) {
        Some(median) => Finding::ok(format!("{:.1} ms", median.as_secs_f64() * 1000.0)),
        None => Finding::fail("the server stopped answering", "run this again"),
    }
}

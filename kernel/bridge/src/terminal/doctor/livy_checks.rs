//! Checks Livy by requests. The first one shows whether TLS, the login and the answer are right.

use std::time::{Duration, Instant};

use livy_client::{
    Client, Error, Feature, Options, Verify, batch,
    session::{self, Sessions},
};

use crate::{
    settings::Settings,
    terminal::doctor::{
        configuration::credentials_source,
        connectivity::Route,
        limits::CHECK_LIMIT,
        report::{Finding, Report},
    },
};

/// The names of the checks, in their order.
pub const CHECKS: [&str; 6] = ["TLS", "login", "answer", "version", "abilities", "round trip"];

/// The reported round trip is the median of this many.
const ROUND_TRIPS: usize = 5;

/// Runs the checks.
pub async fn check(
    report: &mut Report,
    client: &Client,
    settings: &Settings,
    options: &Options,
    route: &Route,
) {
    let first = client.send(session::list(Some(0), Some(1)).answer_within(CHECK_LIMIT)).await;
    let failed_at = first.as_ref().err().map(|error| stage(error, options, route));
    for (name, good) in stages(settings, options, first.as_ref().ok(), route) {
        match (&first, failed_at) {
            (Err(error), Some(at)) if at == name => {
                report.add(name, failure(error, options, route))
            }
            _ => report.check(name, async { good }).await,
        }
    }
    report.check("version", version(client)).await;
    report.check("abilities", abilities(client)).await;
    report.check("round trip", round_trip(client)).await;
}

const PROXY: &str = "through proxy";

/// Lists the stages of the first request, each with its finding if the request passes it.
fn stages(
    settings: &Settings,
    options: &Options,
    list: Option<&Sessions>,
    route: &Route,
) -> Vec<(&'static str, Finding)> {
    let mut stages = Vec::new();
    if let Some(variable) = route.proxy_variable() {
        stages.push((PROXY, Finding::ok(format!("the proxy ({variable}) forwards requests"))));
    }
    let tls = match (options.endpoint.is_https(), &options.tls.verify) {
        (false, _) => Finding::skip("the address is http:, which does not use TLS"),
        (true, Verify::Authority) => Finding::ok("the server's certificate is trusted"),
        (true, Verify::Pin(_)) => Finding::ok("the server's certificate is the pinned one"),
        (true, Verify::Nothing) => {
            Finding::ok("TLS works; the server's certificate is not checked")
        }
    };
    let login = match (list, options.auth.name()) {
        (None, _) => Finding::skip("unknown, because Livy did not answer"),
        (Some(_), "none") => Finding::ok("the server requires no login"),
        (Some(_), name) => Finding::ok(format!(
            "the server accepts {name} ({})",
            credentials_source(settings, options)
        )),
    };
    let count = list.map_or(0, |list| list.total);
    let answer = Finding::ok(format!("Livy answers, and has {count} sessions"));
    stages.extend([("TLS", tls), ("login", login), ("answer", answer)]);
    stages
}

/// Returns the stage at which a request failed.
fn stage(error: &Error, options: &Options, route: &Route) -> &'static str {
    match error {
        Error::Untrusted { .. } => "TLS",
        Error::Unreachable { .. } if route.proxy_variable().is_some() => PROXY,
        // The port accepts connections, as an earlier check has shown.
        Error::Unreachable { .. } if options.endpoint.is_https() => "TLS",
        Error::Auth(_) | Error::Unproven { .. } => "login",
        Error::Refused(refusal) => match refusal.status {
            407 if route.proxy_variable().is_some() => PROXY,
            401 | 403 | 300..=399 => "login",
            _ => "answer",
        },
        _ => "answer",
    }
}

fn failure(error: &Error, options: &Options, route: &Route) -> Finding {
    match error {
        Error::Untrusted { reason, .. } => untrusted(reason, options),
        error => Finding::fail(error.to_string(), remedy(error, route)),
    }
}

/// Reports a certificate that is not trusted: `reason` says why and, after a semicolon, what to do.
fn untrusted(reason: &str, options: &Options) -> Finding {
    let (why, remedy) = reason.split_once("; ").unwrap_or((reason, ""));
    let remedy = in_variables(remedy);
    let Some(ca_file) = &options.tls.ca_file else {
        return Finding::fail(why, remedy);
    };
    let ca_file = ca_file.display();
    // The usual mistake is to name a server's own certificate as an authority.
    let remedy = match why.contains("authority's own") {
        true => format!(
            "LIVY_TLS_CA_FILE cannot help here; if {ca_file} has this certificate, set \
             LIVY_TLS_PIN_SHA256 to what `openssl x509 -noout -fingerprint -sha256 -in {ca_file}` \
             prints after the `=`; or {}",
            remedy.split(", or ").next().unwrap_or_default()
        ),
        false => format!("{remedy}; LIVY_TLS_CA_FILE is {ca_file} now"),
    };
    Finding::fail(why, remedy)
}

/// Names the variables of the settings that the client's advice names.
fn in_variables(text: &str) -> String {
    text.replace("tls.ca_file", "LIVY_TLS_CA_FILE").replace("tls.pin_sha256", "LIVY_TLS_PIN_SHA256")
}

/// Reports settings that no client can be made from, such as the path of a missing file.
pub fn unusable_settings(error: &Error) -> Finding {
    let remedy = "correct the setting (ca_file is LIVY_TLS_CA_FILE, client_cert is \
        LIVY_TLS_CLIENT_CERT, client_key is LIVY_TLS_CLIENT_KEY)";
    Finding::fail(error.to_string(), remedy)
}

/// Says what to do about an error of the first request.
fn remedy(error: &Error, route: &Route) -> String {
    let remedy = match error {
        Error::Auth(_) => {
            "follow this advice; `livy-kernel config show` says where the credentials come from"
        }
        Error::Refused(refusal) => refused(refusal.status),
        Error::Unreadable { .. } => {
            "check that this is the address of a Livy server; if a login page is in front of it, set \
             LIVY_TOKEN or LIVY_TOKEN_COMMAND"
        }
        Error::Lost { .. } => "the server hangs, or this port uses TLS (https:)",
        Error::Unreachable { .. } => "check that the server is running and uses TLS on this port",
        _ => "check that the server is running",
    };
    match route.proxy_variable() {
        None => remedy.to_owned(),
        Some(variable) if matches!(error, Error::Unreachable { .. }) => {
            format!(
                "check that the proxy ({variable}) is right, is running, and may connect to this server"
            )
        }
        Some(variable) => {
            format!("{remedy}; the answer may also be that of the proxy ({variable})")
        }
    }
}

fn refused(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "a login page is in front of Livy: set LIVY_TOKEN or LIVY_TOKEN_COMMAND, or ask the administrator for an address without it"
        }
        401 => {
            "set user and password in LIVY_URL, or LIVY_TOKEN, LIVY_TOKEN_COMMAND or LIVY_AUTH=netrc; if one of these is set, correct it"
        }
        403 => "the server knows who you are but refuses access: ask its administrator",
        404 => "check the path of LIVY_URL: gateways serve Livy under a path",
        407 => "the proxy requires a password: write user:password@ before its host name",
        _ => "ask the server's administrator",
    }
}

async fn version(client: &Client) -> Finding {
    match client.send(livy_client::version::get().answer_within(CHECK_LIMIT)).await {
        Ok(version) => Finding::ok(version.version),
        Err(Error::MissingFeature(_)) => Finding::ok("the server does not report its version"),
        Err(error) => Finding::warn(error.to_string(), ""),
    }
}

/// Reports which features the server has, as far as that can be found out without a session.
async fn abilities(client: &Client) -> Finding {
    let _ = client.send(batch::list(Some(0), Some(1)).answer_within(CHECK_LIMIT)).await;
    let of = |lacking: bool| {
        let some = Feature::ALL.into_iter().filter(|&ability| client.lacks(ability) == lacking);
        some.map(|ability| ability.to_string()).collect::<Vec<_>>().join(", ")
    };
    Finding::ok(format!("missing: {}; assumed: {}", of(true), of(false)))
}

async fn round_trip(client: &Client) -> Finding {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let begun = Instant::now();
        if client.send(session::list(Some(0), Some(1)).answer_within(CHECK_LIMIT)).await.is_ok() {
            times.push(begun.elapsed());
        }
    }
    times.sort();
    match times.get(times.len() / 2) {
        Some(median) => Finding::ok(format!("{:.1} ms", median.as_secs_f64() * 1000.0)),
        None => Finding::fail("the server stopped answering", "run `livy-kernel doctor` again"),
    }
}

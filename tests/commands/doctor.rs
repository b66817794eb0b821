use std::{net::SocketAddr, process::Output};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{Html, Redirect},
    routing::{any, get, post},
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{
    certificates::{Authority, Identity, authority, file},
    command,
    fake::{self, serve},
    finished, json_of, livy_kernel, stdout,
};
use crate::support::{Livy, Network, Proxy, SECRET};

/// Runs the doctor with further variables.
async fn doctor(url: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = command(url, &[&["doctor"], arguments].concat());
    command.envs(variables.iter().copied());
    finished(command).await
}

/// The line of one check, and those below it.
fn check(output: &Output, name: &str) -> String {
    let text = stdout(output);
    let is_of =
        |line: &&str| line.get(6..).is_some_and(|rest| rest.starts_with(&format!("{name} ")));
    let mut lines = text.lines().skip_while(|line| !is_of(line));
    let first = lines.next().unwrap_or_default().to_owned();
    lines.take_while(|line| line.starts_with("  ")).fold(first, |all, line| all + "\n" + line)
}

/// The check that fails names the fault and the remedy, and what comes later is skipped.
#[track_caller]
fn finds(output: &Output, name: &str, fault: &str, remedy: &str) {
    let (text, found) = (stdout(output), check(output, name));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(found.starts_with("FAIL"), "{text}");
    assert!(found.contains(fault) && found.contains("→") && found.contains(remedy), "{text}");
    let later = check(output, "round trip");
    assert!(later.starts_with("skip") && later.contains(&format!("“{name}” failed")), "{text}");
}

#[tokio::test]
async fn a_livy_that_works_has_nothing_wrong() {
    let livy = Livy::start().await;
    let output = doctor(&livy.url(), &[], &["--json", "--session"]).await;
    let checks = json_of(&output);
    let verdict = |check: &Value| check["verdict"].as_str().unwrap().to_owned();
    let not_ok: Vec<_> = checks.as_array().unwrap().iter().filter(|c| verdict(c) != "ok").collect();
    // There is no TLS on this machine.
    assert!(matches!(&not_ok[..], [tls] if tls["check"] == "TLS"), "{checks:#}");
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn each_value_says_which_variable_it_comes_from() {
    let livy = Livy::start().await;
    let url = livy.url();
    let output = doctor(&url, &[], &[]).await;
    assert!(check(&output, "server").ends_with("(LIVY_URL)"), "{}", stdout(&output));
    assert!(check(&output, "service").ends_with("livy (guessed from the address)"));
    assert!(check(&output, "credentials").ends_with("basic (LIVY_URL)"));
    assert!(check(&output, "session").contains("--session starts one"));

    let ca = file(&authority("ours").pem());
    let ca = ca.path().to_str().unwrap();
    let variables = [
        ("LIVY_SERVICE", "knox"),
        ("LIVY_TOKEN", SECRET),
        ("LIVY_HEADERS", "X-Tenant: hidden-value"),
        ("LIVY_DO_AS", "alice"),
        ("LIVY_TLS_CA_FILE", ca),
    ];
    let output = doctor(&url, &variables, &[]).await;
    for (name, expected) in [
        ("service", "knox (LIVY_SERVICE)"),
        ("credentials", "bearer token (LIVY_TOKEN)"),
        ("headers", "x-tenant (LIVY_HEADERS)"),
        ("acts for", "alice (LIVY_DO_AS)"),
        ("authorities", "(LIVY_TLS_CA_FILE)"),
    ] {
        assert!(check(&output, name).ends_with(expected), "{}", stdout(&output));
    }
    assert!(!stdout(&output).contains("hidden-value"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    let output = doctor(&network.url(), &[], &[]).await;
    finds(&output, "connect", "refused", "is the server running");
    for name in ["TLS", "login", "answer", "version", "abilities", "session"] {
        assert!(check(&output, name).starts_with("skip"), "{}", stdout(&output));
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_named() {
    let output = doctor("http://livy.invalid:8998", &[], &[]).await;
    finds(&output, "name", "livy.invalid", "→");
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let livy = Livy::start().await;
    let wrong = livy.url().replace(SECRET, "wrong");
    finds(&doctor(&wrong, &[], &[]).await, "login", "401", "LIVY_TOKEN");
}

#[tokio::test]
async fn login_pages_and_other_pages_are_named() {
    let page =
        serve(Router::new().fallback(any(|| async { Html("<title>Sign in</title>") }))).await;
    let output = doctor(&page, &[], &[]).await;
    finds(&output, "answer", "Sign in", "not of a web page or a login");
    assert!(check(&output, "login").starts_with("skip"), "{}", stdout(&output));

    let redirect = Router::new().fallback(any(|| async { Redirect::to("/login") }));
    let redirect = serve(redirect).await;
    finds(&doctor(&redirect, &[], &[]).await, "login", "redirects", "a login stands in between");
}

#[tokio::test]
async fn a_server_that_hangs_and_one_without_tls_are_named() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Hangs).await;
    let hung = doctor(&network.url(), &[], &[]).await;
    finds(&hung, "answer", "no answer in time", "the server hangs");
    let hung = doctor(&network.url().replace("http:", "https:"), &[], &[]).await;
    finds(&hung, "TLS", "no answer in time", "speak TLS on this port");

    let https = livy.url().replace("http:", "https:");
    finds(&doctor(&https, &[], &[]).await, "TLS", "InvalidContentType", "speak TLS on this port?");
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_is_named() {
    let url = format!("livy:{SECRET}@h:1");
    let output = livy_kernel(&url, &["doctor"]).await;
    assert_eq!(output.status.code(), Some(1));
    let settings = check(&output, "settings");
    assert!(
        settings.starts_with("FAIL") && settings.contains("LIVY_URL does not name a Livy server")
    );

    let missing = [("LIVY_TLS_CA_FILE", "/nowhere/ca.pem")];
    let output = doctor("https://localhost:1", &missing, &[]).await;
    finds(&output, "settings", "/nowhere/ca.pem", "LIVY_TLS_CA_FILE");
}

#[tokio::test]
async fn no_server_and_no_spark_is_named() {
    let nowhere = ["PATH", "LIVY_LOCAL_PYTHON", "PYSPARK_PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX"];
    let output = doctor("", &nowhere.map(|name| (name, "/nowhere")), &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let found = check(&output, "local Spark");
    assert!(found.starts_with("FAIL") && found.contains("LIVY_URL is not set"), "{found}");
    assert!(found.contains("→") && found.contains("pip install"), "{found}");
    assert!(check(&output, "session").starts_with("skip"), "{}", stdout(&output));
}

/// A Livy behind TLS, asked with this variable.
async fn behind_tls(identity: &Identity, variable: Option<(&str, &str)>) -> Output {
    let livy = Livy::start().await;
    let port = identity.in_front_of(SocketAddr::from(([127, 0, 0, 1], livy.port()))).await;
    let url = format!("https://livy:{SECRET}@localhost:{port}");
    doctor(&url, variable.as_slice(), &[]).await
}

fn as_ca(file: &NamedTempFile) -> Option<(&str, &str)> {
    Some(("LIVY_TLS_CA_FILE", file.path().to_str().unwrap()))
}

fn file_of(authority: &Authority) -> NamedTempFile {
    file(&authority.pem())
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_is_named_is_trusted() {
    let authority = authority("ours");
    let ca = file_of(&authority);
    let output = behind_tls(&Identity::signed_by(&authority), as_ca(&ca)).await;
    assert!(output.status.success(), "{}", stdout(&output));
    assert!(check(&output, "TLS").starts_with("ok"), "{}", stdout(&output));
    assert!(check(&output, "login").contains("takes basic (LIVY_URL)"));
}

#[tokio::test]
async fn an_unknown_and_a_wrong_authority_are_named() {
    let identity = Identity::signed_by(&authority("ours"));
    let unknown = behind_tls(&identity, None).await;
    finds(&unknown, "TLS", "nobody known here signed", "certificate as LIVY_TLS_CA_FILE");

    // An authority that was made anew has the old name.
    for name in ["another", "ours"] {
        let other = file_of(&authority(name));
        let wrong = behind_tls(&identity, as_ca(&other)).await;
        let now = format!("LIVY_TLS_CA_FILE is {} now", other.path().display());
        finds(&wrong, "TLS", "nobody known here signed", &now);
    }
}

#[tokio::test]
async fn a_servers_own_certificate_is_no_authority() {
    let identity = Identity::self_made();
    let own = identity.file();
    let output = behind_tls(&identity, as_ca(&own)).await;
    let remedy = "LIVY_TLS_CA_FILE cannot make it fit for a server; pin it";
    finds(&output, "TLS", "authority's own", remedy);
    let command = format!("-fingerprint -sha256 -in {}", own.path().display());
    assert!(stdout(&output).contains(&command), "{}", stdout(&output));
}

#[tokio::test]
async fn a_certificate_that_is_pinned_is_trusted_and_one_that_is_not_checked_is_a_warning() {
    let identity = Identity::self_made();
    let pin = identity.fingerprint();
    let output = behind_tls(&identity, Some(("LIVY_TLS_PIN_SHA256", &pin))).await;
    assert!(check(&output, "TLS").contains("is the pinned one"), "{}", stdout(&output));
    assert!(check(&output, "pin").ends_with("(LIVY_TLS_PIN_SHA256)"), "{}", stdout(&output));

    let output = behind_tls(&identity, Some(("LIVY_TLS_VERIFY", "no"))).await;
    assert!(output.status.success(), "{}", stdout(&output));
    let secrecy = check(&output, "secrecy");
    assert!(secrecy.starts_with("warn") && secrecy.contains("LIVY_TLS_PIN_SHA256"), "{secrecy}");

    let other = Identity::self_made().fingerprint();
    let output = behind_tls(&identity, Some(("LIVY_TLS_PIN_SHA256", &other))).await;
    finds(&output, "TLS", "not the pinned one", "pin this one");
}

/// A server of this name exists only behind the proxy, which is itself the Livy.
const ELSEWHERE: &str = "http://alice:s3cret-of-livy@livy.example:8998";

#[tokio::test]
async fn a_password_that_others_can_read_is_a_warning() {
    let proxy = serve(fake::all_like(json!({"id": 1}), &[])).await;
    let output = doctor(ELSEWHERE, &[("http_proxy", &proxy)], &[]).await;
    assert!(output.status.success(), "{}", stdout(&output));
    let secrecy = check(&output, "secrecy");
    assert!(secrecy.starts_with("warn") && secrecy.contains("basic (LIVY_URL)"), "{secrecy}");
    assert!(secrecy.contains("https:"), "{secrecy}");
}

#[tokio::test]
async fn faults_are_found_through_a_proxy_too() {
    let status = |status| Router::new().fallback(any(move || async move { (status, "no") }));
    let proxy = serve(status(StatusCode::UNAUTHORIZED)).await;
    let output = doctor(ELSEWHERE, &[("all_proxy", &proxy)], &[]).await;
    finds(&output, "login", "401", "LIVY_TOKEN");
    assert!(check(&output, "name").starts_with("skip"), "{}", stdout(&output));
    assert!(check(&output, "through proxy").starts_with("ok"), "{}", stdout(&output));

    let proxy = serve(status(StatusCode::PROXY_AUTHENTICATION_REQUIRED)).await;
    let output = doctor(ELSEWHERE, &[("http_proxy", &proxy)], &[]).await;
    finds(&output, "through proxy", "407", "the proxy wants a password");

    let livy = Livy::start().await;
    let nobody = Proxy::to(&livy, Network::Refuses).await;
    for elsewhere in [ELSEWHERE.to_owned(), ELSEWHERE.replace("http:", "https:")] {
        let output = doctor(&elsewhere, &[("all_proxy", &nobody.url())], &[]).await;
        finds(&output, "through proxy", "refused", "is the proxy of all_proxy right");
    }
}

#[tokio::test]
async fn certificates_are_checked_through_a_proxy_too() {
    let livy = Livy::start().await;
    let identity = Identity::signed_by(&authority("ours"));
    let port = identity.in_front_of(SocketAddr::from(([127, 0, 0, 1], livy.port()))).await;
    let proxy = fake::tunnel_to(port).await;
    let url = ELSEWHERE.replace("http:", "https:");

    let output = doctor(&url, &[("https_proxy", &proxy)], &[]).await;
    finds(&output, "TLS", "nobody known here signed", "LIVY_TLS_CA_FILE");
    assert!(check(&output, "proxy").ends_with("(https_proxy)"), "{}", stdout(&output));

    let pin = identity.fingerprint();
    let variables = [("https_proxy", &*proxy), ("LIVY_TLS_PIN_SHA256", &*pin)];
    let output = doctor(&url, &variables, &[]).await;
    assert!(check(&output, "TLS").starts_with("ok"), "{}", stdout(&output));
}

#[tokio::test]
async fn a_session_that_does_not_start_shows_its_log() {
    let session = |state| json!({"id": 7, "state": state});
    let livy = fake::all_like(session("idle"), &[]);
    let log = || async {
        Json(json!({"log": fake::log(&["asked YARN"], &["no queue called \u{1b}prod"])}))
    };
    let dead = move || async move { Json(session("dead")) };
    let create = move || async move { (StatusCode::CREATED, Json(session("starting"))) };
    let url = serve(
        Router::new()
            .route("/sessions", post(create).get(|| async { Json(json!({"total": 0})) }))
            .route("/sessions/7", get(dead))
            .route("/sessions/7/log", get(log))
            .fallback_service(livy),
    )
    .await;
    let output = doctor(&url, &[], &["--session"]).await;
    assert_eq!(output.status.code(), Some(1));
    let found = check(&output, "session");
    assert!(found.starts_with("FAIL") && found.contains("state dead"), "{found}");
    assert!(found.contains("| asked YARN") && found.contains("| no queue called \\u001bprod"));
    assert!(!found.contains("stdout:") && found.contains("the log above tells why"), "{found}");
}

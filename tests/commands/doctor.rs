use std::{
    collections::BTreeMap, fs::File, io::Read, net::SocketAddr, path::Path, process::Output,
};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{Html, Redirect},
    routing::{any, get, post},
};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{
    certificates::{Authority, Identity, authority, file},
    command,
    fake::{self, serve},
    finished, json_of, livy_kernel, stdout,
};
use crate::support::{Frontend, Livy, Network, Proxy, SECRET};

/// Runs the doctor with further variables.
async fn doctor(url: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = command(url, &[&["doctor"], arguments].concat());
    command.envs(variables.iter().copied());
    finished(command).await
}

/// Returns the report without what differs in each run: ports, files and times.
fn report(output: &Output, port: u16) -> String {
    let text = stdout(output).replace(&format!(":{port}"), ":PORT");
    let text = text.replace(&format!("port {port}"), "port PORT").replace(" (os error 111)", "");
    let lines = text.lines().map(|line| match line.split_once("round trip") {
        Some((start, rest)) if rest.ends_with(" ms") => format!("{start}round trip   TIME"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
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

/// The texts of an archive's files, by their names.
fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).unwrap()));
    let text = |mut entry: tar::Entry<'_, _>| {
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name.trim_start_matches("livy-kernel-doctor/").to_owned(), text)
    };
    archive.entries().unwrap().map(|entry| text(entry.unwrap())).collect()
}

#[tokio::test]
async fn a_bundle_has_what_helps_and_no_secret() {
    let livy = Livy::start().await;
    let data = tempfile::tempdir().unwrap();
    let variables = [("JUPYTER_DATA_DIR", data.path().to_str().unwrap())];
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &variables).await;
    frontend.run("echo hi").await.is_ok();
    drop(frontend);

    let path = data.path().join("bundle.tar.gz");
    let arguments = ["--bundle", path.to_str().unwrap()];
    let output = doctor(&livy.url(), &variables, &arguments).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("look at it before you send it"));
    let files = unpacked(&path);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = ["kernels.log", "report.json", "report.txt", "settings.json", "versions.json"];
    assert_eq!(names, expected);
    assert!(files["report.json"].contains("\"ms\"") && files["report.txt"].contains("round trip"));
    for (name, text) in &files {
        assert!(!text.contains(SECRET), "{name}: {text}");
    }
    let again = doctor(&livy.url(), &variables, &arguments).await;
    assert!(String::from_utf8_lossy(&again.stderr).contains("File exists"), "{again:?}");
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
    let output = doctor(&livy.url(), &[], &[]).await;
    insta::assert_snapshot!(report(&output, livy.port()), @"
    ok    server       http://127.0.0.1:PORT (LIVY_URL)
    ok    service      livy (guessed from the address)
    ok    credentials  basic (LIVY_URL)
    ok    secrecy      requests do not leave this machine
    ok    name         127.0.0.1 is an address and needs no look-up
    ok    connect      127.0.0.1 port PORT accepts connections
    skip  TLS          the address is http:, which does not use TLS
    ok    login        the server accepts basic (LIVY_URL)
    ok    answer       Livy answers, and has 0 sessions
    ok    version      0.9.0-incubating
    ok    abilities    missing: reset-timeout; assumed: completion, connect, session log, jobs, version, batches, add-file
    ok    round trip   TIME
    skip  session      not checked; add --session to start one
    ");

    let ca = file(&authority("ours").pem());
    let ca = ca.path().to_str().unwrap();
    let variables = [
        ("LIVY_SERVICE", "knox"),
        ("LIVY_TOKEN", SECRET),
        ("LIVY_HEADERS", "X-Tenant: hidden-value"),
        ("LIVY_DO_AS", "alice"),
        ("LIVY_TLS_CA_FILE", ca),
    ];
    let output = doctor(&livy.url(), &variables, &[]).await;
    let report = report(&output, livy.port()).replace(ca, "CA_FILE");
    insta::assert_snapshot!(report, @"
    ok    server       http://127.0.0.1:PORT (LIVY_URL)
    ok    service      knox (LIVY_SERVICE)
    ok    credentials  bearer token (LIVY_TOKEN)
    ok    acts for     alice (LIVY_DO_AS)
    ok    headers      x-tenant (LIVY_HEADERS)
    ok    authorities  CA_FILE (LIVY_TLS_CA_FILE)
    warn  acts for     Knox replaces this user with the one who logs in to Knox
                       → remove LIVY_DO_AS, or use an address of Livy that does not go through Knox
    ok    secrecy      requests do not leave this machine
    ok    name         127.0.0.1 is an address and needs no look-up
    ok    connect      127.0.0.1 port PORT accepts connections
    skip  TLS          the address is http:, which does not use TLS
    ok    login        the server accepts bearer token (LIVY_TOKEN)
    ok    answer       Livy answers, and has 0 sessions
    ok    version      0.9.0-incubating
    ok    abilities    missing: reset-timeout; assumed: completion, connect, session log, jobs, version, batches, add-file
    ok    round trip   TIME
    skip  session      not checked; add --session to start one
    ");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    let output = doctor(&network.url(), &[], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(report(&output, network.port()), @"
    ok    server       http://127.0.0.1:PORT (LIVY_URL)
    ok    service      livy (guessed from the address)
    ok    credentials  basic (LIVY_URL)
    ok    secrecy      requests do not leave this machine
    ok    name         127.0.0.1 is an address and needs no look-up
    FAIL  connect      127.0.0.1 port PORT: Connection refused
                       → check that the server is running and that the port is right (Livy's default is 8998)
    skip  TLS          not checked, because “connect” failed
    skip  login        not checked, because “connect” failed
    skip  answer       not checked, because “connect” failed
    skip  version      not checked, because “connect” failed
    skip  abilities    not checked, because “connect” failed
    skip  round trip   not checked, because “connect” failed
    skip  session      not checked, because “connect” failed
    ");
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
    finds(&output, "answer", "Sign in", "if a login page is in front of it");
    assert!(check(&output, "login").starts_with("skip"), "{}", stdout(&output));

    let redirect = Router::new().fallback(any(|| async { Redirect::to("/login") }));
    let redirect = serve(redirect).await;
    finds(
        &doctor(&redirect, &[], &[]).await,
        "login",
        "redirects",
        "a login page is in front of Livy",
    );
}

#[tokio::test]
async fn a_server_that_hangs_and_one_without_tls_are_named() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Hangs).await;
    let hung = doctor(&network.url(), &[], &[]).await;
    finds(&hung, "answer", "no answer in time", "the server hangs");
    let hung = doctor(&network.url().replace("http:", "https:"), &[], &[]).await;
    finds(&hung, "TLS", "no answer in time", "uses TLS on this port");

    let https = livy.url().replace("http:", "https:");
    finds(&doctor(&https, &[], &[]).await, "TLS", "InvalidContentType", "TLS on this port");
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
    assert!(check(&output, "login").contains("accepts basic (LIVY_URL)"));
}

#[tokio::test]
async fn an_unknown_and_a_wrong_authority_are_named() {
    let identity = Identity::signed_by(&authority("ours"));
    let unknown = behind_tls(&identity, None).await;
    finds(&unknown, "TLS", "no trusted authority has signed", "certificate as LIVY_TLS_CA_FILE");

    // An authority that was made anew has the old name.
    for name in ["another", "ours"] {
        let other = file_of(&authority(name));
        let wrong = behind_tls(&identity, as_ca(&other)).await;
        let now = format!("LIVY_TLS_CA_FILE is {} now", other.path().display());
        finds(&wrong, "TLS", "no trusted authority has signed", &now);
    }
}

#[tokio::test]
async fn a_servers_own_certificate_is_no_authority() {
    let identity = Identity::self_made();
    let own = identity.file();
    let output = behind_tls(&identity, as_ca(&own)).await;
    let remedy = "LIVY_TLS_CA_FILE cannot help here";
    finds(&output, "TLS", "authority's own", remedy);
    let command = format!("-fingerprint -sha256 -in {}", own.path().display());
    assert!(stdout(&output).contains(&command), "{}", stdout(&output));
}

#[tokio::test]
async fn a_pinned_certificate_is_trusted_and_an_unchecked_one_warns() {
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
    finds(&output, "through proxy", "407", "the proxy requires a password");

    let livy = Livy::start().await;
    let nobody = Proxy::to(&livy, Network::Refuses).await;
    for elsewhere in [ELSEWHERE.to_owned(), ELSEWHERE.replace("http:", "https:")] {
        let output = doctor(&elsewhere, &[("all_proxy", &nobody.url())], &[]).await;
        finds(&output, "through proxy", "refused", "check that the proxy (all_proxy) is right");
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
    finds(&output, "TLS", "no trusted authority has signed", "LIVY_TLS_CA_FILE");
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
    insta::assert_snapshot!(check(&output, "session"), @r"
    FAIL  session      the session ended before it was ready (state dead)
                       | asked YARN
                       | no queue called \u001bprod
                       → see the log above for the reason
    ");
}

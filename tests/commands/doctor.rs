use std::process::Output;

use axum::{
    Router,
    response::{Html, Redirect},
    routing::any,
};

use super::{fake::serve, json_of, livy_kernel, stdout};
use crate::support::{Livy, Network, Proxy, SECRET};

#[tokio::test]
async fn the_doctor_is_content_with_a_livy() {
    let livy = Livy::start().await;
    let checks = json_of(&livy_kernel(&livy.url(), &["doctor", "--json"]).await);
    let verdicts: Vec<_> =
        checks.as_array().unwrap().iter().map(|check| &check["verdict"]).collect();
    assert_eq!(verdicts, vec!["ok"; 7], "{checks:#}");
}

#[track_caller]
fn finds(output: &Output, fault: &str, remedy: &str) {
    let text = stdout(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAIL") && text.contains(fault) && text.contains(remedy), "{text}");
}

#[tokio::test]
async fn the_doctor_names_a_server_that_is_not_there() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    let output = livy_kernel(&network.url(), &["doctor"]).await;
    finds(&output, "refused", "is the server running");
}

#[tokio::test]
async fn the_doctor_names_a_wrong_password() {
    let livy = Livy::start().await;
    let wrong = livy.url().replace(SECRET, "wrong");
    finds(&livy_kernel(&wrong, &["doctor"]).await, "401", "LIVY_TOKEN");
}

#[tokio::test]
async fn the_doctor_names_login_pages_and_other_pages() {
    let page =
        serve(Router::new().fallback(any(|| async { Html("<title>Sign in</title>") }))).await;
    finds(&livy_kernel(&page, &["doctor"]).await, "Sign in", "not of a web page");

    let redirect = Router::new().fallback(any(|| async { Redirect::to("/login") }));
    finds(&livy_kernel(&serve(redirect).await, &["doctor"]).await, "redirects", "a login stands");
}

#[tokio::test]
async fn the_doctor_names_a_server_that_hangs_and_one_without_tls() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Hangs).await;
    let hung = livy_kernel(&network.url(), &["doctor"]).await;
    finds(&hung, "no answer in time", "the server hangs");

    let https = livy.url().replace("http:", "https:");
    finds(&livy_kernel(&https, &["doctor"]).await, "speak TLS on this port?", "");
}

#[tokio::test]
async fn the_doctor_names_a_setting_that_makes_no_sense() {
    let url = format!("livy:{SECRET}@h:1");
    finds(&livy_kernel(&url, &["doctor"]).await, "LIVY_URL does not name a Livy server", "correct");
}

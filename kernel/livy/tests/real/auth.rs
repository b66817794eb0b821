use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::http::{HeaderMap, StatusCode};
use livy_client::{TokenCommand, netrc};

use super::support::{ask, options, router, serve};

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get("authorization")?.to_str().ok()
}

/// Prints a new token each time: `token-1`, `token-2` and so on.
fn counting(folder: &std::path::Path) -> Arc<TokenCommand> {
    let script = format!("echo x >> {0}; echo token-$(wc -l < {0})", folder.join("runs").display());
    Arc::new(TokenCommand::new(["sh", "-c", &script].map(str::to_owned).to_vec()))
}

#[tokio::test]
async fn a_token_is_kept_and_renewed_once_after_a_401() {
    let requests = Arc::new(AtomicU32::new(0));
    let seen = requests.clone();
    // The first token has been withdrawn.
    let server = serve(router(|headers: HeaderMap| async move {
        seen.fetch_add(1, Ordering::SeqCst);
        match authorization(&headers) {
            Some("Bearer token-2") => (StatusCode::OK, "{}"),
            _ => (StatusCode::UNAUTHORIZED, "who are you?"),
        }
    }))
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&format!("http://{server}"));
    options.auth = counting(folder.path());

    for _ in 0..3 {
        ask(options.clone()).await.unwrap();
    }
    assert_eq!(requests.load(Ordering::SeqCst), 4);
    assert_eq!(fs::read_to_string(folder.path().join("runs")).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn a_token_that_is_never_good_is_tried_twice_and_not_shown() {
    let requests = Arc::new(AtomicU32::new(0));
    let seen = requests.clone();
    let server = serve(router(|| async move {
        seen.fetch_add(1, Ordering::SeqCst);
        (StatusCode::UNAUTHORIZED, "who are you?")
    }))
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&format!("http://{server}"));
    options.auth = counting(folder.path());

    let error = ask(options.clone()).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    assert!(!format!("{error:?} {error} {options:?}").contains("token-"));
}

#[tokio::test]
async fn a_password_comes_from_a_netrc_file() {
    let server = serve(router(|headers: HeaderMap| async move {
        match authorization(&headers) {
            Some("Basic YWxpY2U6czNjcmV0") => (StatusCode::OK, "{}"),
            _ => (StatusCode::UNAUTHORIZED, ""),
        }
    }))
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "machine 127.0.0.1 login alice password s3cret").unwrap();
    let mut options = options(&format!("http://{server}"));
    options.auth = Arc::new(netrc(file.path(), options.endpoint.host()).unwrap());
    ask(options).await.unwrap();
}

#[tokio::test]
async fn requests_are_made_for_another_user_and_with_headers_of_ones_own() {
    let server = serve(router(|headers: HeaderMap, uri: axum::http::Uri| async move {
        let own = headers.get("x-tenant").is_some_and(|value| value == "blue");
        match own && uri.query() == Some("doAs=alice") {
            true => (StatusCode::OK, "{}"),
            false => (StatusCode::BAD_REQUEST, ""),
        }
    }))
    .await;
    let mut options = options(&format!("http://{server}"));
    options.headers.insert("x-tenant", "blue".parse().unwrap());
    options.do_as = Some("alice".into());
    ask(options).await.unwrap();
}

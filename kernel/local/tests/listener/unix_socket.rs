use tokio::net::UnixStream;

use crate::support::{authenticated_request, is_answered, next_bytes, server};

#[tokio::test]
async fn the_server_answers_at_its_socket_too_and_removes_it_at_its_end() {
    let mut server = server().await;
    let path = server.open_socket().unwrap();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    assert!(is_answered(&mut stream, &authenticated_request(&server)).await);
    server.stop().await;
    assert_eq!(next_bytes(&mut stream).await.as_deref(), Some(""), "the end of the connection");
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn clients_of_the_socket_need_the_token_too() {
    let mut server = server().await;
    let mut stream = UnixStream::connect(server.open_socket().unwrap()).await.unwrap();
    assert!(!is_answered(&mut stream, &crate::support::header("GET", "")).await);
}

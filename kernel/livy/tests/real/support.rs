//! Servers that answer `GET /sessions`, with TLS or without it.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use livy_client::{Client, Endpoint, Error, Options, ResendPolicy, session};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// Serves without TLS; returns the address.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Serves with TLS, always the same answer; returns the port.
pub async fn serve_tls(config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(ANSWER.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

/// Routes every request to one handler.
pub fn router<H, T>(handler: H) -> Router
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    Router::new().route("/sessions", get(handler))
}

/// Makes options that send each request once.
pub fn options(url: &str) -> Options {
    let options = Options::new(Endpoint::parse(url).unwrap()).unwrap();
    Options { resend: ResendPolicy::NEVER, ..options }
}

/// Sends `GET /sessions`.
pub async fn ask(options: Options) -> Result<(), Error> {
    Client::with_options(options)?.send(session::list(None, None)).await.map(|_| ())
}

/// Serves whatever `answer` writes on each connection after its request; returns the address.
pub async fn answer_with<A: Future<Output = ()> + Send>(
    answer: impl Fn(TcpStream) -> A + Clone + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 65_536];
                let _ = stream.read(&mut request).await;
                answer(stream).await;
            });
        }
    });
    format!("http://{address}")
}

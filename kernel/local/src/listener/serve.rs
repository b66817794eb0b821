//! Accepts connections, and serves HTTP on each in a task of its own.

use std::{
    convert::Infallible,
    io::{self, ErrorKind},
    pin::pin,
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderValue, Request, header},
    response::Response,
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::{JoinError, JoinSet, yield_now},
    time::{sleep, timeout},
};
use tokio_util::{io::InspectReader, sync::CancellationToken};

use crate::listener::{admission::Admission, connection::Connection, transport::Listener};

/// How long a request's header may be: `livy.server.request-header.size` of a real Livy.
const MAX_HTTP_HEADER_BYTES: usize = 128 << 10;
/// How long to wait after a failed `accept`, since the system may be out of files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How long an answer may still take when the server ends.
const LAST_ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Accepts clients until `stopped`, and returns when their connections have ended.
pub(crate) async fn serve(listener: impl Listener, app: Router, stopped: CancellationToken) {
    let mut server = ConnectionServer {
        app,
        stopped: stopped.clone(),
        admission: Admission::default(),
        tasks: JoinSet::new(),
    };
    stopped.run_until_cancelled(server.accept_all(listener)).await;
    while let Some(ended) = server.tasks.join_next().await {
        log_panic(ended);
    }
}

struct ConnectionServer {
    app: Router,
    stopped: CancellationToken,
    admission: Admission,
    tasks: JoinSet<()>,
}

impl ConnectionServer {
    /// Accepts clients for ever. No error is final: the system may have files again in a moment.
    async fn accept_all(&mut self, listener: impl Listener) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(stream) => self.start(stream).await,
                    Err(error) if concerns_one_client(&error) => {}
                    Err(error) => {
                        tracing::warn!("a connection could not be accepted: {error}");
                        sleep(ACCEPT_RETRY_DELAY).await;
                    }
                },
                Some(ended) = self.tasks.join_next() => log_panic(ended),
            }
        }
    }

    async fn start(&mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        self.make_room().await;
        let connection = Connection::new();
        let serving =
            serve_connection(stream, connection.clone(), self.app.clone(), self.stopped.clone());
        let task = self.tasks.spawn(serving);
        self.admission.add(connection, task);
        // A client that has already sent its token gets to show it before others can evict it.
        yield_now().await;
    }

    /// Waits until an evicted connection has ended, so that the limit holds for open files too.
    async fn make_room(&mut self) {
        let Some(evicted) = self.admission.evict_oldest() else { return };
        evicted.abort();
        while !evicted.is_finished() {
            match self.tasks.join_next().await {
                Some(ended) => log_panic(ended),
                None => return,
            }
        }
    }
}

/// Whether the client left before it was accepted, which says nothing about the next one.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// Logs a panic of a connection's task, whose client saw only that the connection ended.
fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a request was not answered: {error}");
    }
}

/// Serves one connection until it ends, times out or is stopped with the server.
async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    app: Router,
    stopped: CancellationToken,
) {
    let inspected = connection.clone();
    let stream = InspectReader::new(stream, move |bytes| inspected.on_bytes(bytes));
    let service = service_fn(|request| answer(request, &connection, &app));
    let serving = http1::Builder::new()
        .max_buf_size(MAX_HTTP_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    tokio::select! {
        end = &mut serving => if let Err(error) = end {
            tracing::debug!("a connection has ended: {error}");
        },
        () = connection.timed_out() => tracing::debug!("a connection was closed: no complete header in time"),
        () = stopped.cancelled() => if !connection.evict() {
            serving.as_mut().graceful_shutdown();
            // An answer that takes longer is cut off when this is dropped.
            let _ = timeout(LAST_ANSWER_LIMIT, serving).await;
        },
    }
}

/// Answers a request, and closes the connection if the client has not shown the token by then.
async fn answer(
    mut request: Request<Incoming>,
    connection: &Connection,
    app: &Router,
) -> Result<Response, Infallible> {
    let _answering = connection.on_request();
    request.extensions_mut().insert(connection.clone());
    let mut response = TowerToHyperService::new(app.clone()).call(request).await?;
    if !connection.is_authenticated() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

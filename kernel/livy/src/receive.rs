//! Receives an answer to its end, in limited time and memory.

use std::time::SystemTime;

use bytes::Bytes;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::{Timeouts, reply::Reply, request::Size, retry_after};

/// How many bytes an answer of usual size may have.
const USUAL_ANSWER_BYTES: usize = 8_000_000;
/// How many bytes any answer may have: it is held in memory as a whole.
const LARGE_ANSWER_BYTES: usize = 128_000_000;
/// How many bytes of a refusal are read; the rest of a longer one is left.
const REFUSAL_BYTES: usize = 1_000_000;
/// How many bytes of a large answer must arrive in the time that a usual one has: about 16 kB a second.
const PROGRESS_BYTES: usize = 1_000_000;

/// Says why an answer did not arrive whole.
pub(crate) enum Broken {
    /// The connection broke.
    Connection(reqwest::Error),
    /// The answer took too long.
    Late,
    /// The answer has more bytes than this.
    TooLarge(usize),
}

/// Receives a whole answer. A server that sends a byte now and then, which a limit between two pieces
/// would not stop, has no more time than a silent one.
///
/// # Errors
///
/// Fails if the connection breaks, or the answer is too large or too slow.
pub(crate) async fn whole(
    mut response: Response,
    size: Size,
    timeouts: &Timeouts,
) -> Result<Reply, Broken> {
    let (status, retry_after) = (
        response.status().as_u16(),
        retry_after::from_headers(response.headers(), SystemTime::now()),
    );
    let body = match response.status().is_success() {
        true => body(&mut response, size, timeouts).await?,
        false => refusal(&mut response, timeouts).await?,
    };
    // JSON is UTF-8, and of anything else only an excerpt is shown.
    let body = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Reply { status, retry_after, body })
}

async fn body(response: &mut Response, size: Size, timeouts: &Timeouts) -> Result<Vec<u8>, Broken> {
    let limit = match size {
        Size::Usual => USUAL_ANSWER_BYTES,
        Size::Large => LARGE_ANSWER_BYTES,
    };
    let (mut body, mut since, mut counted) = (Vec::new(), Instant::now(), 0);
    while let Some(piece) = piece(response, since, timeouts).await? {
        if piece.len() > limit.saturating_sub(body.len()) {
            return Err(Broken::TooLarge(limit));
        }
        body.extend_from_slice(&piece);
        if size == Size::Large && body.len().saturating_sub(counted) >= PROGRESS_BYTES {
            (since, counted) = (Instant::now(), body.len());
        }
    }
    Ok(body)
}

/// Receives the beginning of a refusal.
async fn refusal(response: &mut Response, timeouts: &Timeouts) -> Result<Vec<u8>, Broken> {
    let (mut body, since) = (Vec::new(), Instant::now());
    while body.len() < REFUSAL_BYTES
        && let Some(piece) = piece(response, since, timeouts).await?
    {
        body.extend_from_slice(&piece);
    }
    body.truncate(REFUSAL_BYTES);
    Ok(body)
}

/// Receives the next piece, if it arrives in time.
async fn piece(
    response: &mut Response,
    since: Instant,
    timeouts: &Timeouts,
) -> Result<Option<Bytes>, Broken> {
    let due = since.checked_add(timeouts.whole).unwrap_or(since);
    timeout_at(due, response.chunk()).await.map_err(|_| Broken::Late)?.map_err(Broken::Connection)
}

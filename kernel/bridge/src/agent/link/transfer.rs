//! Sends and fetches the frames of large messages.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, de::IgnoredAny};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::agent::{
    client::{Agent, repeated},
    error::AgentError,
    event::{Addressee, CommMessage},
    link::frames::{self, Assembly, Packed},
};

/// Frames that are on their way at once in all streams, each in a job of its own.
const FRAMES_CREDIT: usize = 3;
/// A larger message is not fetched: the kernel would have to hold it.
const MESSAGE_LIMIT: usize = 1 << 30;
/// A message of a frontend with more bytes goes in frames.
const INLINE_LIMIT: usize = 96 << 10;

/// Limits the frames that are on their way.
#[derive(Debug)]
pub struct Credit {
    frames: Semaphore,
    /// The number of the next large message.
    next: AtomicU64,
}

impl Default for Credit {
    fn default() -> Self {
        Self { frames: Semaphore::new(FRAMES_CREDIT), next: AtomicU64::new(1) }
    }
}

/// A message of a frontend as the agent gets it.
#[derive(Clone, Debug, Serialize)]
pub struct Outgoing {
    /// Its place among those of this kernel.
    pub n: u64,
    #[serde(rename = "type")]
    msg_type: String,
    sizes: Vec<usize>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Body {
    /// In Base64.
    Body(String),
    /// The number under which the frames have been sent.
    Blob(u64),
}

impl Outgoing {
    /// Whether a message has its bytes with it.
    pub fn is_small(packed: &Packed) -> bool {
        packed.body.len() <= INLINE_LIMIT
    }

    /// A message with its bytes.
    pub fn small(msg_type: String, packed: &Packed) -> Self {
        let body = Body::Body(STANDARD.encode(&packed.body));
        Self { n: 0, msg_type, sizes: packed.sizes.clone(), body }
    }
}

impl Agent {
    /// Sends the bytes of a large message ahead of it.
    ///
    /// # Errors
    ///
    /// The agent is gone.
    pub async fn send_large(
        &self,
        from: &Addressee,
        credit: &Credit,
        msg_type: String,
        packed: &Packed,
    ) -> Result<Outgoing, AgentError> {
        let blob = credit.next.fetch_add(1, Ordering::Relaxed);
        let frames = Frames::new(packed.body.len());
        let sending = Sending { agent: self, from, credit, body: &packed.body, blob, frames };
        // Two of one message at once leave room for others.
        tokio::try_join!(sending.work(), sending.work())?;
        Ok(Outgoing { n: 0, msg_type, sizes: packed.sizes.clone(), body: Body::Blob(blob) })
    }

    /// Returns the parts of a message, of which a large one is fetched. `None` if it is not there any more.
    ///
    /// # Errors
    ///
    /// The agent is gone.
    pub async fn fetch(
        &self,
        to: &Addressee,
        credit: &Credit,
        message: CommMessage,
    ) -> Result<Option<Vec<Vec<u8>>>, AgentError> {
        let body = match (message.body, message.blob) {
            (Some(body), _) => STANDARD.decode(body).ok(),
            (None, Some(blob)) => {
                let sizes = message.sizes.iter();
                let size = sizes.fold(0, |sum: usize, size| sum.saturating_add(*size));
                let body = self.fetch_large(to, credit, blob, size).await?;
                let release = json!([to.kernel, to.process, [blob]]);
                self.repeat::<IgnoredAny>("release", &release).await?;
                body
            }
            (None, None) => None,
        };
        Ok(body.and_then(|body| Packed { sizes: message.sizes, body }.parts()))
    }

    async fn fetch_large(
        &self,
        to: &Addressee,
        credit: &Credit,
        blob: u64,
        size: usize,
    ) -> Result<Option<Vec<u8>>, AgentError> {
        if size > MESSAGE_LIMIT {
            return Ok(None);
        }
        let assembly = Mutex::new(Assembly::new(size));
        let fetching =
            Fetching { agent: self, to, credit, blob, assembly, frames: Frames::new(size) };
        tokio::try_join!(fetching.work(), fetching.work())?;
        Ok(fetching.assembly.into_inner().unwrap_or_else(PoisonError::into_inner).whole())
    }
}

/// The frames that are still to be sent or fetched.
struct Frames(Mutex<VecDeque<Range<usize>>>);

impl Frames {
    fn new(size: usize) -> Self {
        Self(Mutex::new(frames::frames(size).into()))
    }

    fn next(&self) -> Option<Range<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// A large message for the agent.
struct Sending<'a> {
    agent: &'a Agent,
    from: &'a Addressee,
    credit: &'a Credit,
    body: &'a [u8],
    blob: u64,
    frames: Frames,
}

impl Sending<'_> {
    async fn work(&self) -> Result<(), AgentError> {
        let Addressee { kernel, process } = self.from;
        while let Some(frame) = self.frames.next() {
            // The semaphore is never closed.
            let _credit = self.credit.frames.acquire().await.ok();
            let (size, start) = (self.body.len(), frame.start);
            let (args, bytes) =
                (json!([kernel, process, self.blob, size, start]), &self.body[frame]);
            let push = || self.agent.call_with_bytes::<IgnoredAny>("push", &args, bytes);
            repeated(push).await?;
        }
        Ok(())
    }
}

/// A large message of the agent's.
struct Fetching<'a> {
    agent: &'a Agent,
    to: &'a Addressee,
    credit: &'a Credit,
    blob: u64,
    assembly: Mutex<Assembly>,
    frames: Frames,
}

impl Fetching<'_> {
    async fn work(&self) -> Result<(), AgentError> {
        let Addressee { kernel, process } = self.to;
        while let Some(frame) = self.frames.next() {
            // The semaphore is never closed.
            let _credit = self.credit.frames.acquire().await.ok();
            let args = json!([kernel, process, self.blob, frame.start, frame.len()]);
            let pull = || self.agent.call_for_bytes("pull", &args);
            if let Some(bytes) = repeated(pull).await? {
                let mut assembly = self.assembly.lock().unwrap_or_else(PoisonError::into_inner);
                assembly.add(frame, &bytes);
            }
        }
        Ok(())
    }
}

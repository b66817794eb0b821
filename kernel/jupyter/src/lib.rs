//! The [Jupyter messaging protocol](https://jupyter-client.readthedocs.io/en/stable/messaging.html)
//! over ZeroMQ, for kernels. It knows nothing of what a kernel runs.
//!
//! [`bind()`] opens the five sockets of a [`ConnectionInfo`]. Each socket belongs to one task; the
//! kernel reads from [`Requests`] and answers through a [`Frontend`], which is cheap to clone. The
//! contents of messages are in [`content`], one file per message. [`memory()`] makes the same pair
//! without sockets, so that a kernel can be tested like this one, and [`in_process()`] makes it for a program that
//! is the kernel's frontend itself:
//!
//! ```
//! use jupyter_wire::content::{ExecuteReply, ExecuteRequest, KernelInfoReply, LanguageInfo, Stream};
//! use jupyter_wire::{Channel, ExecutionState, Frontend, Request, Requests};
//!
//! async fn echo_kernel(mut requests: Requests, frontend: Frontend) {
//!     while let Some(request) = requests.shell.recv().await {
//!         frontend.status(&request.parent(), ExecutionState::Busy);
//!         answer(&request, &frontend).await;
//!         frontend.status(&request.parent(), ExecutionState::Idle);
//!     }
//! }
//!
//! async fn answer(request: &Request, frontend: &Frontend) {
//!     match (request.msg_type(), request.content::<ExecuteRequest>()) {
//!         ("kernel_info_request", _) => {
//!             let language = LanguageInfo { name: "echo".into(), ..LanguageInfo::default() };
//!             frontend.reply(request, &KernelInfoReply::new("echo", "1.0", language, "Echo 1.0"));
//!         }
//!         ("execute_request", Ok(cell)) => {
//!             frontend.publish(&request.parent(), &Stream::stdout(cell.code)).await;
//!             frontend.reply(request, &ExecuteReply::ok(1));
//!         }
//!         _ => frontend.error_reply(request, "NotSupported", "this kernel only echoes cells"),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (requests, frontend, mut client) = jupyter_wire::memory();
//! tokio::spawn(echo_kernel(requests, frontend)); // on sockets: jupyter_wire::bind(&info).await?
//!
//! client.send(Channel::Shell, "kernel_info_request", serde_json::json!({}));
//! assert_eq!(client.recv_reply().await.msg_type(), "kernel_info_reply");
//! client.send(Channel::Shell, "execute_request", serde_json::json!({"code": "hello"}));
//! assert_eq!(client.recv_reply().await.msg_type(), "execute_reply");
//!
//! for expected in ["status", "status", "status", "stream", "status"] {
//!     assert_eq!(client.recv_iopub().await.msg_type(), expected);
//! }
//! # }
//! ```
//!
//! Anything that is no message for the kernel (a wrong signature, missing frames, bad JSON, a peer that
//! vanished) is logged without its content and dropped: no peer can end the kernel.

mod bind;
mod channel;
mod client;
mod connection;
pub mod content;
mod copies;
mod frame;
mod frontend;
mod in_process;
mod memory;
mod message;
mod outbox;
#[cfg(unix)]
mod proxy;
mod queues;
mod request;
mod seen_signatures;
mod session;
mod signature;
mod sockets;
mod spool;
mod tasks;

pub use bind::{BindError, bind};
pub use client::{Client, ConnectError, Received};
pub use connection::{ConnectionError, ConnectionInfo, Transport};
pub use content::Content;
pub use content::ExecutionState;
pub use copies::{Copies, Publication};
pub use frontend::Frontend;
pub use in_process::in_process;
pub use memory::{MemoryClient, memory};
pub use message::{Header, Message, Parent, RawMessage};
pub use request::{Channel, Envelope, Request, Requests};

/// The [version](https://jupyter-client.readthedocs.io/en/stable/messaging.html#versioning) of the
/// protocol that this crate implements.
pub const PROTOCOL_VERSION: &str = "5.5";

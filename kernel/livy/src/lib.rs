//! A client of [Apache Livy's REST API](https://livy.apache.org/docs/latest/rest-api.html). It knows
//! nothing of Jupyter.
//!
//! Requests are values: [`session::create`], [`statement::run`] and their neighbours say what to ask
//! and which type the answer has, and [`Client::send`] asks.
//!
//! The crate tolerates the differences between servers: ids are opaque, unknown states and fields are
//! kept, 200, 201 and 202 all mean success, and a refusal has the server's own message whether it
//! arrived as JSON, text, HTML or not at all. One place decides what may be sent twice
//! ([`ResendPolicy`]): a statement never is, and one whose answer was lost is searched for instead.
//!
//! ```
//! use livy_client::{Client, Endpoint, Output, PollPolicy, SessionProperties, session};
//! use livy_client::statement::{self, NewStatement};
//!
//! # use axum::{Router, routing::{get, post}};
//! # async fn livy() -> std::io::Result<String> {
//! #     const OUTPUT: &str = r#"{"status": "ok", "data": {"text/plain": "2"}}"#;
//! #     let idle = || async { r#"{"id": 0, "state": "idle"}"# };
//! #     let starting = || async { r#"{"id": 0, "state": "starting"}"# };
//! #     let waiting = || async { r#"{"id": 0, "state": "waiting"}"# };
//! #     let done = || async { format!(r#"{{"id": 0, "state": "available", "output": {OUTPUT}}}"#) };
//! #     let routes = Router::new()
//! #         .route("/sessions", post(starting))
//! #         .route("/sessions/0", get(idle).delete(idle))
//! #         .route("/sessions/0/statements", post(waiting))
//! #         .route("/sessions/0/statements/0", get(done));
//! #     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! #     let address = format!("http://{}", listener.local_addr()?);
//! #     tokio::spawn(async move { axum::serve(listener, routes).await });
//! #     Ok(address)
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let address = livy().await?;
//! let client = Client::new(Endpoint::parse(&address)?)?; // such as http://livy.example:8998
//! let pyspark = SessionProperties { kind: Some("pyspark".into()), ..Default::default() };
//! let mut session = client.create_session(&pyspark).await?;
//! let mut polls = PollPolicy::SESSION.start();
//! while session.state.is_starting() {
//!     polls.wait().await;
//!     session = client.send(session::get(&session.id)).await?;
//! }
//!
//! let sum = NewStatement { code: "1 + 1".into(), kind: None };
//! let mut statement = client.run_statement(&session.id, &sum, &[]).await?;
//! let mut polls = PollPolicy::STATEMENT.start();
//! while !statement.is_finished() {
//!     polls.wait().await;
//!     statement = client.send(statement::get(&session.id, &statement.id)).await?;
//! }
//! assert!(matches!(statement.output, Some(Output::Ok(data)) if data["text/plain"] == "2"));
//! client.send(session::delete(&session.id)).await?;
//! # Ok(())
//! # }
//! ```

// What a server sends must not end a task: numbers from outside are checked, or end at their limits.
#![deny(clippy::arithmetic_side_effects)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod address_changes;
mod auth;
pub mod batch;
mod binding;
mod bound_requests;
mod budget;
mod client;
pub mod completion;
mod connection;
mod cookie_jar;
mod endpoint;
mod error;
mod excerpt;
mod exchange;
mod feature;
pub mod file;
mod http;
mod id;
mod identity;
pub mod job;
mod lost_reply;
mod number;
mod options;
mod pace;
mod poll;
mod profile;
mod receive;
mod redirect;
mod reply;
mod request;
mod resend;
mod retry_after;
mod route;
pub mod session;
mod session_properties;
pub mod statement;
pub mod time;
mod tls;
mod trouble;
pub mod version;

pub use auth::{
    Auth, AuthCheck, AuthError, EMR_SERVERLESS, Fixed, Kerberos, KerberosOptions, NetrcError,
    NoAuth, PendingCheck, SigV4, TokenCommand, netrc,
};
pub use client::Client;
pub use endpoint::{Endpoint, EndpointError};
pub use error::{Error, Fate, Refusal};
pub use feature::Feature;
pub use id::Id;
pub use identity::{Difference, Identity};
pub use options::{Options, Timeouts};
pub use pace::Pace;
pub use poll::{PollPolicy, Polls};
pub use profile::Profile;
pub use request::Request;
pub use resend::ResendPolicy;
pub use retry_after::MAX_RETRY_AFTER;
pub use route::Affinity;
pub use session::{Session, SessionState};
pub use session_properties::SessionProperties;
pub use statement::{Output, Statement, StatementState};
pub use tls::{Fingerprint, Tls, TlsError, Verify};
pub use trouble::{Trouble, TroubleReport, Troubles};

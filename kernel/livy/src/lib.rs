//! A client of [Apache Livy's REST API](https://livy.apache.org/docs/latest/rest-api.html).
//!
//! Requests are values: [`session::create`], [`statement::run`] and their neighbours say what is
//! to be asked and what type answers it, and [`Client::send`] asks. Nothing here knows Jupyter.
//!
//! The crate is tolerant where servers differ: ids are opaque, unknown states and fields are kept,
//! 200, 201 and 202 all mean success, and a refusal carries the server's own words whether they
//! came as JSON, text, HTML or not at all. What may be sent twice is decided in one place
//! ([`ResendPolicy`]); a statement never is, and one whose answer was lost is looked up instead.
//!
//! ```no_run
//! use livy_client::{Client, Endpoint, PollPolicy, session, statement};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(Endpoint::parse("http://localhost:8998")?)?;
//! let new = session::NewSession { kind: Some("pyspark".into()), ..Default::default() };
//! let mut session = client.create_session(&new).await?;
//!
//! let mut polls = PollPolicy::SESSION.start();
//! while session.state.is_starting() {
//!     polls.wait().await;
//!     session = client.send(session::get(&session.id)).await?;
//! }
//!
//! let new = statement::NewStatement { code: "1 + 1".into(), kind: None };
//! let mut statement = client.run_statement(&session.id, &new, &[]).await?;
//! let mut polls = PollPolicy::STATEMENT.start();
//! while !statement.is_finished() {
//!     polls.wait().await;
//!     statement = client.send(statement::get(&session.id, &statement.id)).await?;
//! }
//! println!("{:?}", statement.output);
//! client.send(session::delete(&session.id)).await?;
//! # Ok(())
//! # }
//! ```

mod ability;
mod application;
mod auth;
pub mod batch;
mod client;
pub mod completion;
mod endpoint;
mod error;
mod fate;
mod id;
pub mod job;
mod poll;
mod profile;
mod reply;
mod request;
mod resend;
pub mod session;
pub mod statement;
pub mod time;
mod tls;
mod trouble;
pub mod version;

pub use ability::Ability;
pub use application::Application;
pub use auth::{
    Answer, Auth, AuthError, EMR_SERVERLESS, Fixed, Kerberos, KerberosOptions, NetrcError, NoAuth,
    Pending, SigV4, TokenCommand, netrc,
};
pub use client::{Client, Options, Timeouts};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{Error, Fate, Refusal};
pub use id::Id;
pub use poll::{PollPolicy, Polls};
pub use profile::Profile;
pub use request::Request;
pub use resend::ResendPolicy;
pub use session::{Session, SessionState};
pub use statement::{Output, Statement, StatementState};
pub use tls::{Fingerprint, Tls, TlsError, Verify};
pub use trouble::{Trouble, Troubles};

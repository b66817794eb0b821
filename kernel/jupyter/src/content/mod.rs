//! The contents of the messages: one file per message or pair of request and reply, with the names of the
//! [specification](https://jupyter-client.readthedocs.io/en/stable/messaging.html).
//!
//! Every field of a request may be absent and then has the specification's default. The `status`
//! of a reply is written by its type.

mod clear_output;
mod comm;
mod comm_info;
mod complete;
mod display_data;
mod error;
mod error_reply;
mod execute;
mod execute_input;
mod execute_result;
mod history;
mod input;
mod inspect;
mod interrupt;
mod iopub_welcome;
mod is_complete;
mod kernel_info;
mod shutdown;
mod status;
mod stream;
mod usage;

use serde::Serialize;

pub use clear_output::ClearOutput;
pub use comm::{CommClose, CommOpen};
pub use comm_info::{CommInfo, CommInfoReply, CommInfoRequest};
pub use complete::{CompleteReply, CompleteRequest};
pub use display_data::{DisplayData, Transient, UpdateDisplayData};
pub use error::Error;
pub use error_reply::ErrorReply;
pub use execute::{ExecuteReply, ExecuteRequest};
pub use execute_input::ExecuteInput;
pub use execute_result::ExecuteResult;
pub use history::{HistAccessType, HistoryEntry, HistoryReply, HistoryRequest};
pub use input::{InputReply, InputRequest};
pub use inspect::{InspectReply, InspectRequest};
pub use interrupt::InterruptReply;
pub use iopub_welcome::IopubWelcome;
pub use is_complete::{Completeness, IsCompleteReply, IsCompleteRequest};
pub use kernel_info::{HelpLink, KernelInfoReply, LanguageInfo};
pub use shutdown::{ShutdownReply, ShutdownRequest};
pub use status::{ExecutionState, Status};
pub use stream::{Stream, StreamName};
pub use usage::{UsageReply, UsageRequest};

/// The content of a message that the kernel sends.
pub trait Content: Serialize {
    /// The message type, for example `stream` or `execute_reply`.
    const MSG_TYPE: &'static str;
}

#[cfg(test)]
mod tests;

//! The bodies of requests, and Livy's answers to malformed ones.

mod application;
mod batch;
mod file;
mod job;
mod parse;
mod session;
mod statement;

pub(crate) use self::{
    application::ApplicationOptions,
    batch::CreateBatch,
    file::AddFile,
    job::SubmitJob,
    session::CreateSession,
    statement::{Complete, ExecuteStatement},
};

//! How far a cell's statement is. Pure: what is seen and wanted goes in, what to do comes out.

use livy_client::{Error, Id, Output, Statement, StatementState};

use crate::session::diagnosis::{self, LivyFault};

/// A statement's life from the kernel's side, from the reply to its POST on.
#[derive(Clone, Debug, PartialEq)]
pub enum Execution {
    /// Livy has it, behind others.
    Submitted(Id),
    /// It runs.
    Running(Id),
    /// It was to be cancelled, and has not ended yet.
    Cancelling(Id),
    /// It has ended.
    Done(Ending),
}

/// How a statement ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// By itself.
    Output(Output),
    /// By an interrupt, with what Livy has of its output.
    Interrupted(Option<Output>),
    /// By somebody else's cancel, or in a state that says no more.
    WithoutOutput,
    /// By itself, but Livy's answer is larger than an answer may be; the client says so.
    TooLarge(String),
}

impl Ending {
    /// Whether Livy cannot tell how it ended, since it gave too much.
    pub fn is_too_large(&self) -> bool {
        match self {
            Self::TooLarge(_) => true,
            Self::Output(Output::Error { ename, evalue, .. }) => {
                diagnosis::livy_fault(ename, evalue) == Some(LivyFault::TooLarge)
            }
            _ => false,
        }
    }
}

impl Execution {
    /// The life of a statement that the server has just accepted.
    pub fn begin(statement: Statement) -> Self {
        Self::Submitted(statement.id.clone()).observe(statement)
    }

    /// What follows from the server's last word.
    pub fn observe(self, statement: Statement) -> Self {
        let cancelling = matches!(self, Self::Cancelling(_));
        if statement.is_finished() {
            return Self::Done(ending(cancelling, statement.output));
        }
        match statement.state {
            _ if cancelling => self,
            StatementState::Waiting => Self::Submitted(statement.id),
            _ => Self::Running(statement.id),
        }
    }

    /// What follows from an answer that is too large: only the end of a statement is large.
    pub fn gives_too_much(self, error: &Error) -> Self {
        Self::Done(match self {
            Self::Cancelling(_) => Ending::Interrupted(None),
            _ => Ending::TooLarge(error.to_string()),
        })
    }

    /// What follows from an interrupt: whatever has not ended is to be cancelled.
    pub fn interrupt(self) -> Self {
        match self {
            Self::Submitted(id) | Self::Running(id) => Self::Cancelling(id),
            other => other,
        }
    }
}

/// A cancelled Spark job ends in an error of Spark's, which is the interrupt's doing.
fn ending(cancelling: bool, output: Option<Output>) -> Ending {
    match output {
        Some(Output::Ok(data)) if cancelling && data.is_empty() => Ending::Interrupted(None),
        Some(Output::Error { .. }) | None if cancelling => Ending::Interrupted(output),
        Some(output) => Ending::Output(output),
        None => Ending::WithoutOutput,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn statement(state: &str, output: Value) -> Statement {
        serde_json::from_value(json!({"id": 5, "state": state, "output": output})).unwrap()
    }

    fn error() -> Value {
        json!({"status": "error", "ename": "Py4JJavaError", "evalue": "cancelled part of job group"})
    }

    #[test]
    fn a_statement_waits_runs_and_gives_its_output() {
        let execution = Execution::begin(statement("waiting", Value::Null));
        assert_eq!(execution, Execution::Submitted("5".into()));
        let execution = execution.observe(statement("running", Value::Null));
        assert_eq!(execution, Execution::Running("5".into()));
        let done = execution.observe(statement("available", json!({"status": "ok", "data": {}})));
        assert!(matches!(done, Execution::Done(Ending::Output(Output::Ok(_)))));
    }

    #[test]
    fn a_statement_may_be_done_when_it_is_accepted() {
        let execution = Execution::begin(statement("available", error()));
        assert!(matches!(execution, Execution::Done(Ending::Output(Output::Error { .. }))));
    }

    #[test]
    fn the_error_of_a_cancelled_job_is_the_interrupt() {
        let execution = Execution::Running("5".into()).interrupt();
        assert_eq!(execution, Execution::Cancelling("5".into()));
        let execution = execution.observe(statement("cancelling", Value::Null));
        assert_eq!(execution, Execution::Cancelling("5".into()));
        let done = execution.observe(statement("cancelled", error()));
        assert!(matches!(done, Execution::Done(Ending::Interrupted(Some(Output::Error { .. })))));
    }

    #[test]
    fn a_waiting_statement_that_is_cancelled_has_no_output() {
        let execution = Execution::Submitted("5".into()).interrupt();
        let done = execution.observe(statement("cancelled", Value::Null));
        assert_eq!(done, Execution::Done(Ending::Interrupted(None)));
    }

    #[test]
    fn a_result_that_comes_in_spite_of_an_interrupt_is_shown() {
        let execution = Execution::Running("5".into()).interrupt();
        let data = json!({"status": "ok", "data": {"text/plain": "2"}});
        let done = execution.observe(statement("available", data));
        assert!(matches!(done, Execution::Done(Ending::Output(Output::Ok(_)))));
    }

    #[test]
    fn an_answer_that_is_too_large_is_an_end() {
        let error = || Error::TooLarge { endpoint: "http://h".into(), limit: 128_000_000 };
        let Execution::Done(ending) = Execution::Running("5".into()).gives_too_much(&error())
        else {
            panic!("it has ended")
        };
        assert!(ending.is_too_large());
        let interrupted = Execution::Cancelling("5".into()).gives_too_much(&error());
        assert_eq!(interrupted, Execution::Done(Ending::Interrupted(None)));
        assert!(!Ending::WithoutOutput.is_too_large());
    }

    #[test]
    fn a_statement_that_somebody_else_cancels_ends_without_output() {
        let done = Execution::Running("5".into()).observe(statement("cancelled", Value::Null));
        assert_eq!(done, Execution::Done(Ending::WithoutOutput));
    }
}

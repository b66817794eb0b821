//! What passes variables between the session's Python and this machine: statements that write a variable to a file of
//! the driver, or make one of it, and calls about the folders of these files.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    agent::{
        client::{AGENT_ANSWER_LIMIT, Agent},
        error::AgentError,
    },
    language::python_literal::literal,
};

/// The variable from which Livy's `%json` returns the answer.
const ANSWER_VARIABLE: &str = "_livy_kernel_value";

/// What a statement answers that writes a variable to a file, or makes one of it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum ValueAnswer<T> {
    /// Why it cannot be done, and what to do.
    Refused { refused: String },
    /// It is done.
    Done(T),
}

/// A variable that was written to a file.
#[derive(Debug, Deserialize)]
pub struct ValueFile {
    /// The file.
    pub path: String,
    /// What is needed to read it.
    #[serde(flatten)]
    pub description: Map<String, Value>,
}

/// What a variable has become.
#[derive(Debug, Deserialize)]
pub struct Made {
    /// Its type, as users know it.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// Code that writes a variable to a file. The heading is a comment for readers of the session's statements.
pub fn give(heading: &str, request: &Value) -> String {
    statement(heading, "give", request)
}

/// Code that makes a variable of a file.
pub fn take(heading: &str, request: &Value) -> String {
    statement(heading, "take", request)
}

fn statement(heading: &str, function: &str, request: &Value) -> String {
    let request = literal(&request.to_string());
    format!(
        "# {heading}\n{ANSWER_VARIABLE} = __import__('_livy_kernel_agent').value_passing.{function}(globals(), {request})\n\
         %json {ANSWER_VARIABLE}"
    )
}

impl Agent {
    /// Makes a folder of the driver that is closed to others, for a value's file.
    pub async fn make_value_folder(&self) -> Result<String, AgentError> {
        self.call("make_value_folder", &json!([]), AGENT_ANSWER_LIMIT).await
    }

    /// Removes the folder of a value's file.
    pub async fn remove_value_folder(&self, file: &str) -> Result<(), AgentError> {
        let _: Value = self.call("remove_value_folder", &json!([file]), AGENT_ANSWER_LIMIT).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_and_a_file_are_told_apart() {
        let refused = serde_json::from_str(r#"{"refused": "why"}"#).unwrap();
        assert!(
            matches!(refused, ValueAnswer::<ValueFile>::Refused { refused } if refused == "why")
        );
        let file = serde_json::from_str(r#"{"path": "/tmp/a/value", "form": "json"}"#).unwrap();
        let ValueAnswer::<ValueFile>::Done(file) = file else { panic!("it is no refusal") };
        assert!(file.path == "/tmp/a/value" && file.description["form"] == "json");
    }

    #[test]
    fn a_statement_names_what_the_user_has_asked_for() {
        let code = give("%get x", &json!({"name": "x"}));
        assert!(code.starts_with("# %get x\n") && code.ends_with("\n%json _livy_kernel_value"));
        assert!(code.contains(r#".give(globals(), "{\"name\":\"x\"}")"#), "{code}");
    }
}

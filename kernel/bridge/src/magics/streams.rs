//! `%streams`: the streaming queries of the session, which go on after their cells.

use clap::Args;

use crate::{
    agent::{Agent, StreamingQuery},
    display::panel::Text,
    error::CellError,
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    magics::errors::no_session,
    session::{Manager, handle::SessionHandle},
};

const HEADINGS: [&str; 7] =
    ["name", "id", "state", "batch", "rows in/s", "rows done/s", "last error"];

/// Options of `%streams`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Options {
    /// Ends a query
    #[arg(value_name = "stop", value_parser = ["stop"], requires = "query")]
    action: Option<String>,
    /// The query's name or id
    #[arg(value_name = "NAME|ID")]
    query: Option<String>,
}

/// Lists the queries, or stops one.
pub async fn streams(
    sessions: &Manager,
    kernel: Kind,
    options: &Options,
) -> Result<Text, CellError> {
    let handle = sessions
        .ready_session()
        .ok_or_else(|| no_session("there is no session, and so no streaming query"))?;
    let agent = agent_of(&handle, kernel).await?;
    let answer = agent.streams(options.query.as_deref()).await.map_err(|error| {
        CellError::new("AgentError", error.to_string(), "Ask again, or look at the Spark UI.")
    })?;
    match &options.query {
        None => Ok(list(&answer.queries)),
        Some(asked) if answer.stopped.is_empty() => Err(CellError::new(
            "UsageError",
            format!("no streaming query that runs has the name or id {asked}"),
            "%streams lists them.",
        )),
        Some(_) => {
            Ok(Text::plain(&format!("Streaming query {} is stopped.", answer.stopped.join(", "))))
        }
    }
}

async fn agent_of(handle: &SessionHandle, kernel: Kind) -> Result<Agent, CellError> {
    let is_refused = handle.agent_need(AgentUse::Session, kernel) == AgentNeed::Never;
    let agent = if is_refused { None } else { handle.requested_agent().await };
    agent.ok_or_else(|| {
        let what = "%streams needs the agent, which this session does not have";
        CellError::new(
            "UsageError",
            what,
            "%info says why. spark.streams.active lists the queries.",
        )
    })
}

fn list(queries: &[StreamingQuery]) -> Text {
    let rows: Vec<Vec<String>> = queries.iter().map(row).collect();
    match rows.is_empty() {
        true => Text::plain("No streaming query runs in this session."),
        false => Text::rows(&HEADINGS, &rows),
    }
}

fn row(query: &StreamingQuery) -> Vec<String> {
    let rate = |rate: Option<f64>| rate.map(|rate| format!("{rate:.1}")).unwrap_or_default();
    vec![
        query.name.clone().unwrap_or_default(),
        query.id.clone(),
        query.state.clone(),
        query.batch.map(|batch| batch.to_string()).unwrap_or_default(),
        rate(query.input),
        rate(query.processed),
        query.error.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_are_listed_with_their_rates_and_last_errors() {
        let queries: Vec<StreamingQuery> = serde_json::from_value(json!([
            {"name": "clicks", "id": "1f", "state": "Waiting for data to arrive", "batch": 7,
             "input": 2.04, "processed": 31.0, "error": null},
            {"name": null, "id": "2f", "state": "failed", "batch": null, "input": null,
             "processed": null, "error": "java.io.IOException: gone"},
        ]))
        .unwrap();
        assert_snapshot!(list(&queries).plain, @"
        name    id  state                       batch  rows in/s  rows done/s  last error
        clicks  1f  Waiting for data to arrive  7      2.0        31.0
                2f  failed                                                     java.io.IOException: gone
        ");
        assert_eq!(list(&[]).plain.trim(), "No streaming query runs in this session.");
    }
}

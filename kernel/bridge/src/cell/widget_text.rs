//! Says why a widget is only text, where there is no agent to show more.

use crate::{
    cell::statement_run::StatementRun,
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    output,
};

/// Says once in a session why widgets are only text, if the statement's text has one.
pub async fn explain(run: &StatementRun<'_>, text: Option<&str>) {
    let is_plain = run.kind == Kind::Pyspark && run.agent.is_none();
    if is_plain && text.is_some_and(output::has_widget) && run.context.comms.take_unexplained() {
        run.sink.warn(why(run)).await;
    }
}

fn why(run: &StatementRun<'_>) -> String {
    let (what, next) = match run.handle.agent_need(AgentUse::Session, run.kind) {
        AgentNeed::Never => (
            "LIVY_AGENT=never turns off what shows them",
            "Set it to auto, and restart the kernel.",
        ),
        _ => ("the session does not have the kernel's agent", "%info says why."),
    };
    format!("Widgets are only text here: {what}. {next}\n")
}

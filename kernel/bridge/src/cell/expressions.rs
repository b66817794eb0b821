//! Evaluates a request's `user_expressions` when its cell has succeeded.

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{cell::context::KernelContext, kind::Kind};

/// Why no expression was evaluated: the name of an error, and its message.
type Refusal = (&'static str, String);

/// Returns each expression's value or error, by its name. No session is started for them.
pub async fn evaluate(
    context: &KernelContext,
    expressions: &Map<String, Value>,
    interrupt: &CancellationToken,
) -> Map<String, Value> {
    if expressions.is_empty() {
        return Map::new();
    }
    let evaluated = interrupt.run_until_cancelled(by_agent(context, expressions)).await;
    let refusal = match evaluated {
        Some(Ok(values)) => return values,
        Some(Err(refusal)) => refusal,
        None => ("KeyboardInterrupt", "the expressions were interrupted".to_owned()),
    };
    expressions.keys().map(|name| (name.clone(), error(&refusal))).collect()
}

async fn by_agent(
    context: &KernelContext,
    expressions: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let refused = |why: &str| ("NotImplementedError", format!("user_expressions need {why}"));
    if context.kind != Kind::Pyspark {
        return Err(refused("a kernel of Python"));
    }
    let handle = context.sessions.ready_session();
    let handle = handle.ok_or_else(|| refused("a session, which a cell with code starts"))?;
    let agent = handle.agent().await;
    let agent =
        agent.ok_or_else(|| refused("the agent, which this session does not have (see %info)"))?;
    agent.expressions(expressions).await.map_err(|error| ("RuntimeError", error.to_string()))
}

fn error((ename, evalue): &Refusal) -> Value {
    json!({"status": "error", "ename": ename, "evalue": evalue, "traceback": []})
}

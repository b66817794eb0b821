//! Answers beside the kernel's loop what takes time. Whatever becomes of that, the request is busy,
//! answered and idle.

use jupyter_wire::{Content, ExecutionState, Frontend, Request};
use serde::de::DeserializeOwned;

use crate::platform::task;

/// Reads what is asked, and replies once the answer is there.
pub fn answer<Asked, Reply, Answer>(
    frontend: Frontend,
    request: Request,
    answer: impl FnOnce(Asked) -> Answer,
) where
    Asked: DeserializeOwned,
    Reply: Content + Send + Sync + 'static,
    Answer: Future<Output = Reply> + Send + 'static,
{
    frontend.status(&request.parent(), ExecutionState::Busy);
    let answer = request.content().map(answer);
    task::spawn_detached("it answered a request", async move {
        match answer {
            Ok(answer) => reply(&frontend, &request, answer).await,
            Err(error) => frontend.error_reply(&request, "BadRequest", &error.to_string()),
        }
        frontend.status(&request.parent(), ExecutionState::Idle);
    });
}

/// Replies. Should the kernel's own code panic, that is an answer, too.
pub async fn reply<Reply: Content + Send + 'static>(
    frontend: &Frontend,
    request: &Request,
    answer: impl Future<Output = Reply> + Send + 'static,
) {
    match task::catch_panic("it answered a request", answer).await {
        Ok(reply) => frontend.reply(request, &reply),
        Err(died) => {
            let what = format!("{died}; please report it with the kernel's log");
            frontend.error_reply(request, "KernelError", &what);
        }
    }
}

#[cfg(test)]
mod tests {
    use jupyter_wire::{
        Channel, MemoryClient, Message,
        content::{HistoryReply, HistoryRequest},
        memory,
    };
    use serde_json::{Value, json};

    use super::answer;

    async fn ask(
        content: Value,
        answers: impl Fn() -> HistoryReply + Send + 'static,
    ) -> Vec<Value> {
        let (mut requests, frontend, mut client) = memory();
        client.send(Channel::Shell, "history_request", content);
        let request = requests.shell.recv().await.unwrap();
        answer(frontend.clone(), request, |_: HistoryRequest| async move { answers() });
        let states = [status(&mut client).await, status(&mut client).await];
        assert_eq!(states, ["busy", "idle"]);
        let replies: Vec<Message> = std::iter::from_fn(|| client.try_recv_reply()).collect();
        replies.iter().map(|reply| reply.content().unwrap()).collect()
    }

    async fn status(client: &mut MemoryClient) -> Value {
        let message: Value = client.recv_iopub().await.content().unwrap();
        message["execution_state"].clone()
    }

    #[tokio::test]
    async fn an_answer_is_busy_reply_and_idle() {
        let replies = ask(json!({}), || HistoryReply { history: Vec::new() }).await;
        assert_eq!(replies, [json!({"status": "ok", "history": []})]);
    }

    #[tokio::test]
    async fn a_question_that_cannot_be_read_is_busy_error_and_idle() {
        let replies = ask(json!([]), || HistoryReply { history: Vec::new() }).await;
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0]["ename"], "BadRequest");
    }

    #[tokio::test]
    async fn an_answer_that_panics_is_busy_error_and_idle() {
        let replies = ask(json!({}), || panic!("a test of panics")).await;
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0]["ename"], "KernelError");
    }
}

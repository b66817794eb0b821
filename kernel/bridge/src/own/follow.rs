//! Logs that are shown as they grow: of `%logs -f` and `%%batch -f`.

use jupyter_wire::content::Stream;
use livy_client::{Client, Id, SessionState};

use super::{batch, no_session};
use crate::{
    cell::Cell,
    command::{Following, Resource},
    failure::Failure,
    output::Shown,
};

impl Cell {
    /// Shows the session's log to its end.
    pub(super) async fn follow_session(&self) -> Result<(), Failure> {
        let live =
            self.keeper.live().ok_or_else(|| no_session("there is no session, and so no log"))?;
        self.follow_log(Resource::Session, live.client, live.session.id).await.map(drop)
    }

    /// Submits a batch and shows its log to its end; one that does not succeed is a failure.
    pub(super) async fn follow_batch(&self, options: &batch::Options) -> Result<(), Failure> {
        let submitted = batch::submit(&self.keeper, options).await?;
        self.show(vec![Shown::Display(submitted.text().bundle())]).await;
        match self.follow_log(Resource::Batch, submitted.client, submitted.id.clone()).await? {
            Some(SessionState::Success) => Ok(()),
            end => Err(batch::ended_badly(&submitted.id, end)),
        }
    }

    async fn follow_log(
        &self,
        resource: Resource,
        client: Client,
        id: Id,
    ) -> Result<Option<SessionState>, Failure> {
        let mut following = Following::new(resource, client, id);
        loop {
            let news = self.interrupt.run_until_cancelled(following.next()).await;
            let left =
                || Failure::interrupted("the log is no longer followed; what writes it goes on");
            let news = news.ok_or_else(left)?.map_err(|error| {
                Failure::new("LivyError", error.to_string(), "Ask again when the server is back.")
            })?;
            let Some(news) = news else { return Ok(following.end) };
            let gap =
                if news.gap { "[some lines came too fast, and are missing here]\n" } else { "" };
            let text = format!("{gap}{}\n", news.lines.join("\n"));
            self.frontend.publish(&self.parent, &Stream::stdout(text)).await;
        }
    }
}

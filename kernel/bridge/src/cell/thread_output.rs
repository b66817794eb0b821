//! Shows what the threads of earlier cells give: in the cell that started them, also while no cell runs.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jupyter_wire::content::{Stream, StreamName};
use livy_client::{Id, Identity};
use tokio::{sync::Mutex, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, Event, EventKind, EventReader},
    cell::event_output,
    display::sink::OutputSink,
    output::size_limit::LiveText,
    platform::task,
    session::handle::lock,
};

/// The watch asks for events at most this often.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// The watch ends when threads have shown nothing for so long, since its requests may keep the session from
/// ending as idle. What comes later is shown when the next cell runs.
const QUIET_LIMIT: Duration = Duration::from_secs(300);

/// The cells that have ended and whose threads may show something; clones share them.
#[derive(Clone, Default)]
pub struct ThreadOutput {
    cells: Arc<Mutex<Cells>>,
    /// Held by whoever reads events while no cell runs.
    watching: Arc<Mutex<()>>,
    /// Cancelled when a cell begins to read the events itself.
    stop: Arc<std::sync::Mutex<CancellationToken>>,
}

#[derive(Default)]
struct Cells {
    /// The session whose statements they are.
    session: Option<Identity>,
    by_statement: HashMap<Id, EndedCell>,
    newest: Option<Id>,
}

struct EndedCell {
    sink: OutputSink,
    flow: LiveText,
    /// The number of the first event that was not shown.
    next: u64,
}

impl ThreadOutput {
    /// Notes that a cell has ended, at this event, and left threads behind.
    pub async fn add(&self, session: Identity, statement: &Id, sink: OutputSink, end: u64) {
        let (mut cells, session) = (self.cells.lock().await, Some(session));
        if cells.session != session {
            *cells = Cells { session, ..Cells::default() };
        }
        let cell = EndedCell { sink, flow: LiveText::default(), next: end };
        cells.by_statement.insert(statement.clone(), cell);
        cells.newest = Some(statement.clone());
    }

    /// Ends the watch, because a cell is to read the events.
    pub async fn pause(&self, session: &Identity) {
        lock(&self.stop).cancel();
        drop(self.watching.lock().await);
        let mut cells = self.cells.lock().await;
        if cells.session.as_ref().is_some_and(|known| known != session) {
            *cells = Cells::default();
        }
    }

    /// Begins the watch, if there are threads to watch.
    pub async fn resume(&self, agent: &Agent) {
        if self.cells.lock().await.newest.is_none() {
            return;
        }
        let stop = CancellationToken::new();
        std::mem::replace(&mut *lock(&self.stop), stop.clone()).cancel();
        let (output, agent) = (self.clone(), agent.clone());
        task::spawn_detached("it watched threads", async move {
            let _watching = output.watching.lock().await;
            output.watch(&agent, &stop).await;
        });
    }

    async fn watch(&self, agent: &Agent, stop: &CancellationToken) {
        let mut reader = EventReader::in_background(agent);
        let mut last_shown = Instant::now();
        while last_shown.elapsed() < QUIET_LIMIT {
            let Some(newest) = self.cells.lock().await.newest.clone() else { return };
            let asked = reader.events(&newest);
            let batch = match stop.run_until_cancelled(asked).await {
                Some(Ok(batch)) => batch,
                Some(Err(error)) => return tracing::warn!("threads are not watched: {error}"),
                None => return,
            };
            if batch.events.is_empty() {
                self.forget_all_but(&batch.threads).await;
            } else {
                last_shown = Instant::now();
                self.show(batch.events, Some(&newest)).await;
            }
            if stop.run_until_cancelled(sleep(WATCH_INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    /// Shows the events of earlier cells. Text whose origin nobody knows goes to the cell `unknown`.
    pub async fn show(&self, events: Vec<Event>, unknown: Option<&Id>) {
        let mut cells = self.cells.lock().await;
        for event in events {
            let statement = event.statement.clone().map(Id::from);
            let statement = statement.as_ref().or(unknown);
            if let Some(cell) = statement.and_then(|id| cells.by_statement.get_mut(id)) {
                cell.show(event).await;
            }
        }
    }

    /// Forgets the cells whose threads have ended.
    async fn forget_all_but(&self, running: &[String]) {
        let mut cells = self.cells.lock().await;
        let has_ended = |id: &Id| !running.iter().any(|running| running == id.as_str());
        for (_, mut cell) in cells.by_statement.extract_if(|id, _| has_ended(id)) {
            cell.finish().await;
        }
        if cells.by_statement.is_empty() {
            cells.newest = None;
        }
    }
}

impl EndedCell {
    async fn show(&mut self, event: Event) {
        if event.n < self.next {
            return;
        }
        self.next = event.n + 1;
        match event.kind {
            EventKind::Stream { name, text } => {
                let name = match name.as_str() {
                    "stderr" => StreamName::Stderr,
                    _ => StreamName::Stdout,
                };
                if let Some(text) = self.flow.pass(text) {
                    self.sink.publish(&Stream { name, text }).await;
                }
            }
            shown => event_output::show(&self.sink, shown).await,
        }
    }

    /// Shows what was held back.
    async fn finish(&mut self) {
        if let Some(text) = self.flow.end() {
            self.sink.publish(&Stream::stdout(text)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use jupyter_wire::{MemoryClient, Parent, memory};
    use serde_json::{Value, json};

    use super::*;

    fn session(name: &str) -> Identity {
        serde_json::from_value(json!({"id": "0", "name": name})).unwrap()
    }

    async fn ended_cell(threads: &ThreadOutput) -> MemoryClient {
        let (_requests, frontend, client) = memory();
        let sink = OutputSink::new(frontend, Parent::none(), 1, false);
        threads.add(session("mine"), &"5".into(), sink, 10).await;
        client
    }

    fn printed(n: u64, statement: Option<&str>, text: &str) -> Event {
        let event = json!({"n": n, "statement": statement, "kind": "stream", "name": "stdout", "text": text});
        serde_json::from_value(event).unwrap()
    }

    /// Whether exactly these texts are published.
    async fn publishes(client: &mut MemoryClient, texts: &[&str]) -> bool {
        for text in texts {
            let content: Value = client.recv_iopub().await.content().unwrap();
            if content["text"] != *text {
                return false;
            }
        }
        client.try_recv_iopub().is_none()
    }

    #[tokio::test]
    async fn a_thread_shows_each_text_once_and_in_its_own_cell() {
        let threads = ThreadOutput::default();
        let mut client = ended_cell(&threads).await;
        threads.show(vec![printed(9, Some("5"), "of the cell itself")], None).await;
        for _ in 0..2 {
            let events = [printed(10, Some("5"), "late"), printed(11, Some("6"), "another's")];
            threads.show(events.into(), None).await;
        }
        threads.show(vec![printed(12, None, "of nobody")], None).await;
        threads.show(vec![printed(13, None, "of a child")], Some(&"5".into())).await;
        assert!(publishes(&mut client, &["late", "of a child"]).await);
    }

    #[tokio::test]
    async fn a_cell_is_forgotten_with_its_threads_or_its_session() {
        let threads = ThreadOutput::default();
        let mut client = ended_cell(&threads).await;
        threads.forget_all_but(&["5".to_owned()]).await;
        threads.pause(&session("mine")).await;
        threads.show(vec![printed(10, Some("5"), "kept")], None).await;
        threads.pause(&session("another")).await;
        threads.show(vec![printed(11, Some("5"), "of another session")], None).await;
        ended_cell(&threads).await;
        threads.forget_all_but(&[]).await;
        threads.show(vec![printed(12, Some("5"), "forgotten")], None).await;
        assert!(publishes(&mut client, &["kept"]).await);
    }
}

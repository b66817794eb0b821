//! Shows what the threads of earlier cells give: in the cell that started them, also while no cell runs.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jupyter_wire::{
    Frontend,
    content::{Stream, StreamName},
};
use livy_client::{Id, Identity};
use tokio::{sync::Mutex, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, Event, EventKind, EventReader},
    cell::{comms::Comms, event_output},
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
#[derive(Clone)]
pub struct ThreadOutput {
    comms: Comms,
    cells: Arc<Mutex<Cells>>,
    /// Held by whoever reads events while no cell runs.
    watching: Arc<Mutex<()>>,
    watch: Arc<std::sync::Mutex<Watch>>,
}

/// Who reads the events.
#[derive(Default)]
struct Watch {
    /// How many statements run, which read them themselves.
    statements: usize,
    /// Whether a task reads them while none runs.
    is_running: bool,
    /// Cancelled when a statement begins.
    stop: CancellationToken,
}

/// Marks the watch as running, until it is dropped.
struct Running(Arc<std::sync::Mutex<Watch>>);

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.0).is_running = false;
    }
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
    /// No cell has ended; comms are listened to as well.
    pub fn new(comms: &Comms) -> Self {
        let (cells, watching, watch) = Default::default();
        Self { comms: comms.clone(), cells, watching, watch }
    }

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

    /// Ends the watch, because a statement is to read the events, until [`Self::resume`].
    pub async fn pause(&self, session: &Identity) {
        {
            let mut watch = lock(&self.watch);
            watch.statements = watch.statements.saturating_add(1);
            watch.stop.cancel();
        }
        drop(self.watching.lock().await);
        let mut cells = self.cells.lock().await;
        if cells.session.as_ref().is_some_and(|known| known != session) {
            *cells = Cells::default();
        }
    }

    /// Notes that a statement has ended, and begins the watch if there is something to watch.
    pub async fn resume(&self, agent: Option<&Agent>, frontend: &Frontend) {
        {
            let mut watch = lock(&self.watch);
            watch.statements = watch.statements.saturating_sub(1);
        }
        if let Some(agent) = agent {
            self.listen(agent, frontend).await;
        }
    }

    /// Sees to it that the events are read, if there is something to watch.
    pub async fn listen(&self, agent: &Agent, frontend: &Frontend) {
        if !self.has_to_watch().await {
            return;
        }
        let Some((mut running, mut stop)) = self.begin_watch() else { return };
        let (output, agent, frontend) = (self.clone(), agent.clone(), frontend.without_copies());
        task::spawn_detached("it watched threads", async move {
            let _watching = output.watching.lock().await;
            loop {
                output.watch(&agent, &frontend, &stop).await;
                drop(running);
                // A message may have come for which the watch still seemed to run.
                if stop.is_cancelled() || !output.comms.await_handlers() {
                    return;
                }
                let Some(again) = output.begin_watch() else { return };
                (running, stop) = again;
            }
        });
    }

    /// Marks the watch as running, unless it does, or a statement runs.
    fn begin_watch(&self) -> Option<(Running, CancellationToken)> {
        let mut watch = lock(&self.watch);
        if watch.is_running || watch.statements > 0 {
            return None;
        }
        watch.is_running = true;
        watch.stop = CancellationToken::new();
        Some((Running(Arc::clone(&self.watch)), watch.stop.clone()))
    }

    /// Ends the watch for good, since the session may end before this kernel does.
    pub fn end(&self) {
        let mut watch = lock(&self.watch);
        watch.statements = usize::MAX;
        watch.stop.cancel();
    }

    async fn has_to_watch(&self) -> bool {
        self.comms.may_send() || self.cells.lock().await.newest.is_some()
    }

    async fn watch(&self, agent: &Agent, frontend: &Frontend, stop: &CancellationToken) {
        let mut reader = EventReader::in_background(agent).addressed_to(self.comms.addressee());
        let mut last_shown = Instant::now();
        while last_shown.elapsed() < QUIET_LIMIT || self.comms.await_handlers() {
            if !self.has_to_watch().await {
                return;
            }
            let newest = self.cells.lock().await.newest.clone();
            let nobody = Id::from(String::new());
            let asked = reader.events(newest.as_ref().unwrap_or(&nobody));
            let batch = match stop.run_until_cancelled(asked).await {
                Some(Ok(batch)) => batch,
                Some(Err(error)) => {
                    tracing::warn!("threads are not watched: {error}");
                    return self.comms.give_up_handled(frontend);
                }
                None => return,
            };
            if batch.events.is_empty() {
                self.forget_all_but(&batch.threads).await;
            } else {
                last_shown = Instant::now();
                self.show_all(batch.events, newest.as_ref(), agent, frontend).await;
            }
            self.comms.note_open(batch.comms);
            let pause = if self.comms.may_send() { Duration::ZERO } else { WATCH_INTERVAL };
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    async fn show_all(
        &self,
        events: Vec<Event>,
        unknown: Option<&Id>,
        agent: &Agent,
        frontend: &Frontend,
    ) {
        for event in events {
            match event.kind.is_of_comms() {
                true => self.comms.hear(frontend, agent, event).await,
                false => self.show(vec![event], unknown).await,
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
        let threads = ThreadOutput::new(&Comms::of_kernel(String::new()));
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
        let threads = ThreadOutput::new(&Comms::of_kernel(String::new()));
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

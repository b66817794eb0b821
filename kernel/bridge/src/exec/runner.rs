//! Runs the cells of a notebook, one after the other, as a frontend of the kernel.

use std::{collections::BTreeMap, future::pending, path::PathBuf, time::Duration};

use jupyter_wire::{Channel, Client, Message, Received};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{
    exec::{
        console::{self, Console},
        job::Job,
        kept_cells::REPLIED,
        notebook::{Cell, Notebook},
        output_file,
        outputs::Outputs,
        widget_state::WidgetState,
    },
    platform::signals::{EndSignal, EndSignals},
    terminal::error::CommandError,
};

/// How long a cell that was interrupted may take to end. The kernel ends it earlier, unless the kernel hangs.
const INTERRUPT_LIMIT: Duration = Duration::from_secs(9);

/// What runs the cells.
pub struct Runner<'a> {
    client: &'a Client,
    received: &'a mut mpsc::Receiver<Received>,
    signals: &'a mut EndSignals,
    notebook: Notebook,
    /// The cells of requests, since what a cell has begun may show something later.
    requests: BTreeMap<String, usize>,
    outputs: Outputs,
    widgets: WidgetState,
    sink: Sink,
    allow_errors: bool,
    is_script: bool,
}

/// Where outputs go.
enum Sink {
    File(PathBuf),
    Console(Console),
}

/// What has come of a request so far.
#[derive(Default)]
struct Answer {
    reply: Option<Value>,
    is_idle: bool,
}

/// The signal that has interrupted a cell, and when that must have ended.
struct Stopping {
    signal: EndSignal,
    deadline: Instant,
}

impl<'a> Runner<'a> {
    /// Runs nothing yet.
    pub fn new(
        client: &'a Client,
        received: &'a mut mpsc::Receiver<Received>,
        signals: &'a mut EndSignals,
        job: Job,
        notebook: Notebook,
    ) -> Self {
        Self {
            client,
            received,
            signals,
            widgets: WidgetState::of_metadata(notebook.widgets()),
            notebook,
            requests: BTreeMap::new(),
            outputs: Outputs::default(),
            sink: job.output.map_or_else(|| Sink::Console(Console::default()), Sink::File),
            allow_errors: job.allow_errors,
            is_script: job.is_script,
        }
    }

    /// Runs the cells from this one on, until one fails. The first may run already, for this request.
    ///
    /// # Errors
    ///
    /// A cell fails, a signal ends the run, or the outputs cannot be written.
    pub async fn run(
        mut self,
        first: usize,
        mut resumed: Option<String>,
    ) -> Result<(), CommandError> {
        self.save()?;
        for at in first..self.notebook.cells.len() {
            if !self.notebook.cells[at].is_runnable() {
                continue;
            }
            let ended = self.run_cell(at, resumed.take()).await;
            self.save()?;
            self.check(at, ended?)?;
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), CommandError> {
        if let Some(widgets) = self.widgets.metadata() {
            self.notebook.set_widgets(widgets);
        }
        match &mut self.sink {
            Sink::Console(console) => {
                console.end_cell();
                Ok(())
            }
            Sink::File(path) => output_file::write(path, &self.notebook).map_err(|error| {
                CommandError::Other(format!(
                    "{} cannot be written: {}",
                    path.display(),
                    error.kind()
                ))
            }),
        }
    }

    /// Returns the cell's reply.
    async fn run_cell(
        &mut self,
        at: usize,
        resumed: Option<String>,
    ) -> Result<Value, CommandError> {
        self.outputs.begin(&mut self.notebook.cells, at);
        let request = resumed.unwrap_or_else(|| self.send(at));
        self.requests.insert(request.clone(), at);
        let (mut answer, mut stopping) = (Answer::default(), None);
        loop {
            tokio::select! {
                received = self.received.recv() => {
                    let received = received.ok_or_else(kernel_ended)?;
                    self.take(received, &request, &mut answer)?;
                }
                signal = self.signals.next() => {
                    // The second one is not to wait for the cell.
                    if stopping.is_some() {
                        return Err(self.ended_by(signal, at));
                    }
                    stopping = Some(self.interrupt(signal));
                }
                signal = until_given_up(stopping.as_ref()) => return Err(self.ended_by(signal, at)),
            }
            if answer.is_idle && answer.reply.is_some() {
                break;
            }
        }
        match stopping {
            Some(Stopping { signal, .. }) => Err(self.ended_by(signal, at)),
            None => Ok(answer.reply.unwrap_or_default()),
        }
    }

    fn send(&self, at: usize) -> String {
        let cell = &self.notebook.cells[at];
        let request = json!({
            "code": cell.source(), "silent": false, "store_history": true, "user_expressions": {},
            "allow_stdin": false, "stop_on_error": !self.allows_error(cell),
        });
        self.client.send(Channel::Shell, "execute_request", &request)
    }

    fn allows_error(&self, cell: &Cell) -> bool {
        self.allow_errors || cell.may_fail()
    }

    fn interrupt(&self, signal: EndSignal) -> Stopping {
        self.client.send(Channel::Control, "interrupt_request", &json!({}));
        Stopping { signal, deadline: Instant::now() + INTERRUPT_LIMIT }
    }

    fn ended_by(&self, signal: EndSignal, at: usize) -> CommandError {
        CommandError::Ended { signal, cell: self.notebook.cells[at].execution_count() }
    }

    fn take(
        &mut self,
        received: Received,
        request: &str,
        answer: &mut Answer,
    ) -> Result<(), CommandError> {
        match received {
            Received::Reply(reply) => {
                if reply.parent_msg_id().as_deref() == Some(request) {
                    answer.reply = Some(self.note_reply(&reply, request));
                }
                Ok(())
            }
            Received::Publication(message) => self.show(&message, request, answer),
            // No cell may ask.
            Received::Question(_) => Ok(()),
        }
    }

    fn note_reply(&mut self, reply: &Message, request: &str) -> Value {
        let content: Value = reply.content().unwrap_or_default();
        if let Some(&at) = self.requests.get(request) {
            let cell = &mut self.notebook.cells[at];
            cell.note_time(REPLIED, &date_of(reply));
            note_count(cell, &content);
        }
        content
    }

    fn show(
        &mut self,
        message: &Message,
        request: &str,
        answer: &mut Answer,
    ) -> Result<(), CommandError> {
        let content: Value = message.content().unwrap_or_default();
        if message.msg_type().starts_with("comm_") {
            self.widgets.apply(&content, &message.buffers);
            return Ok(());
        }
        let Some(parent) = message.parent_msg_id() else { return Ok(()) };
        let Some(&at) = self.requests.get(&parent) else { return Ok(()) };
        let cell = &mut self.notebook.cells[at];
        match message.msg_type() {
            "status" => {
                let state = content["execution_state"].as_str().unwrap_or_default();
                cell.note_time(&format!("iopub.status.{state}"), &date_of(message));
                answer.is_idle |= state == "idle" && parent == request;
            }
            "execute_input" => {
                cell.note_time("iopub.execute_input", &date_of(message));
                note_count(cell, &content);
            }
            msg_type => {
                self.outputs.apply(&mut self.notebook.cells, at, msg_type, &content);
                if let Sink::Console(console) = &mut self.sink {
                    console.show(msg_type, &content)?;
                }
            }
        }
        Ok(())
    }

    fn check(&self, at: usize, reply: Value) -> Result<(), CommandError> {
        let cell = &self.notebook.cells[at];
        let is_success =
            reply["status"] == "ok" || (self.is_script && is_success_of_script(&reply));
        if is_success || self.allows_error(cell) {
            return Ok(());
        }
        if matches!(self.sink, Sink::File(_)) {
            console::print_error(&reply);
        }
        let text = |name: &str| reply[name].as_str().unwrap_or_default().to_owned();
        let (ename, evalue) = (text("ename"), text("evalue"));
        Err(CommandError::Cell { count: cell.execution_count().unwrap_or_default(), ename, evalue })
    }
}

async fn until_given_up(stopping: Option<&Stopping>) -> EndSignal {
    match stopping {
        Some(stopping) => {
            sleep_until(stopping.deadline).await;
            stopping.signal
        }
        None => pending().await,
    }
}

fn kernel_ended() -> CommandError {
    CommandError::Other("the kernel has ended while its cells ran".to_owned())
}

/// Whether a script has ended itself by `sys.exit(0)` or without a number, as scripts do in their last line.
fn is_success_of_script(reply: &Value) -> bool {
    reply["ename"] == "SystemExit" && matches!(reply["evalue"].as_str(), Some("" | "0" | "None"))
}

fn note_count(cell: &mut Cell, content: &Value) {
    if content["execution_count"].is_u64() {
        cell.set_execution_count(&content["execution_count"]);
    }
}

/// When a message was sent, as its header says it.
fn date_of(message: &Message) -> String {
    let header: Value = serde_json::from_slice(message.header.raw()).unwrap_or_default();
    header["date"].as_str().unwrap_or_default().to_owned()
}

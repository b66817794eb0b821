//! What a cell has shown while it ran, and so what is left to show at its end.

use jupyter_wire::{
    Frontend, Parent,
    content::{
        ClearOutput, DisplayData, ExecuteResult, Stream, StreamName, Transient, UpdateDisplayData,
    },
};
use livy_client::Id;
use serde_json::{Map, Value};

use crate::{
    agent::{Agent, Batch, Display, EventKind, Progress},
    ask::Question,
    failure::Failure,
    history::History,
    kind::Kind,
    output::{self, bound::Flow},
    overheard::Overheard,
};

/// Where a cell's outputs go.
pub struct Audience<'a> {
    /// To whom.
    pub frontend: &'a Frontend,
    /// In answer to what.
    pub parent: &'a Parent,
    /// The cell's number.
    pub count: u32,
    /// Nothing is to be shown.
    pub silent: bool,
    /// Where a result is remembered, if it is.
    pub history: Option<&'a History>,
}

impl Audience<'_> {
    /// Shows a cell's value, and remembers it.
    pub async fn result(&self, data: Map<String, Value>, metadata: Map<String, Value>) {
        let text = data.get("text/plain").and_then(Value::as_str);
        if let (Some(history), Some(text)) = (self.history, text) {
            history.add_output(self.count, text);
        }
        let result = ExecuteResult { execution_count: self.count, data, metadata };
        self.frontend.publish(self.parent, &result).await;
    }
}

/// One statement, as the agent tells it.
pub struct Transcript<'a> {
    audience: Audience<'a>,
    statement: Id,
    /// To what came before the statement.
    deaf: bool,
    /// Events before this number have been shown, by a kernel that was killed.
    shown_until: u64,
    muted: bool,
    /// Nothing of the statement is missing, from its start to its end.
    started: bool,
    ended: bool,
    lost: bool,
    /// Bytes that were shown of each stream.
    stdout: usize,
    stderr: usize,
    /// What Scala has printed, which Livy repeats.
    overheard: Option<Overheard>,
    flow: Flow,
    failure: Option<Failure>,
    questions: Vec<Question>,
    progress: Option<Progress>,
}

impl<'a> Transcript<'a> {
    /// Nothing is shown yet.
    pub fn new(audience: Audience<'a>, statement: Id, kind: Kind, agent: Option<&Agent>) -> Self {
        Self {
            audience,
            statement,
            overheard: (kind == Kind::Spark).then(Overheard::default),
            shown_until: 0,
            muted: false,
            deaf: agent.is_some_and(Agent::is_first_use),
            started: false,
            ended: false,
            lost: false,
            stdout: 0,
            stderr: 0,
            flow: Flow::default(),
            failure: None,
            questions: Vec::new(),
            progress: None,
        }
    }

    /// The same, of which the events before this number have been shown.
    pub fn from(self, position: u64) -> Self {
        Self { shown_until: position, ..self }
    }

    /// Whether the agent has told all.
    pub fn is_whole(&self) -> bool {
        self.started && self.ended
    }

    /// Whose it is.
    pub fn statement(&self) -> &Id {
        &self.statement
    }

    /// Whether the agent has told its start.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// Whether the agent will tell no more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// What the statement raised, with its own lines.
    pub fn failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Shows what was held back.
    pub async fn finish(&mut self) {
        if let Some(text) = self.flow.end()
            && !self.audience.silent
        {
            self.audience.frontend.publish(self.audience.parent, &Stream::stdout(text)).await;
        }
    }

    /// Livy's error, which for Scala begins with what its last line has printed.
    pub fn left_of_error(&self, evalue: String, traceback: Vec<String>) -> (String, Vec<String>) {
        match &self.overheard {
            Some(overheard) => overheard.left_of_error(evalue, traceback),
            None => (evalue, traceback),
        }
    }

    /// What is left to show of Livy's answer.
    pub fn left_of(&self, mut data: Map<String, Value>) -> Map<String, Value> {
        let unseen = match data.get("text/plain") {
            Some(Value::String(text)) if !self.is_whole() && !self.lost => match &self.overheard {
                Some(overheard) => overheard.left_of(text),
                None => self.unseen(text).to_owned(),
            },
            _ => String::new(),
        };
        match unseen.as_str() {
            "" => drop(data.remove("text/plain")),
            _ => drop(data.insert("text/plain".to_owned(), unseen.into())),
        }
        data
    }

    /// Livy's text has all of standard output before all of standard error.
    fn unseen<'t>(&self, text: &'t str) -> &'t str {
        let rest = text.get(self.stdout..).unwrap_or_default();
        if self.stderr > 0 && rest.trim_end().len() <= self.stderr { "" } else { rest }
    }

    /// The questions that have come since the last call.
    pub fn questions(&mut self) -> impl Iterator<Item = Question> {
        self.questions.drain(..)
    }

    /// How far Spark is, if that has changed since the last call.
    pub fn progress(&mut self) -> Option<Progress> {
        self.progress.take()
    }

    /// Shows what has happened.
    pub async fn see(&mut self, batch: Batch) {
        self.lost |= batch.lost;
        for event in batch.events {
            self.muted = event.n < self.shown_until;
            match event.statement.as_deref() {
                Some(id) if id == self.statement.as_str() => self.take(event.kind).await,
                // A thread of an earlier cell prints on.
                None if matches!(event.kind, EventKind::Stream { .. })
                    && (self.started || !self.deaf) =>
                {
                    self.take(event.kind).await;
                }
                _ => {}
            }
        }
    }

    async fn take(&mut self, event: EventKind) {
        match event {
            EventKind::Start {} => self.started = true,
            EventKind::End {} => self.ended = true,
            EventKind::Error { ename, evalue, traceback } => {
                self.failure = Some(Failure { ename, evalue, traceback });
            }
            EventKind::Input { request, prompt, password } => {
                self.questions.push(Question { request, prompt, password });
            }
            EventKind::Progress(progress) => self.progress = Some(progress),
            shown if !self.audience.silent => self.show(shown).await,
            _ => {}
        }
    }

    async fn show(&mut self, event: EventKind) {
        let Audience { frontend, parent, .. } = self.audience;
        match event {
            EventKind::Stream { name, text } => {
                let (name, seen) = match name.as_str() {
                    "stderr" => (StreamName::Stderr, &mut self.stderr),
                    _ => (StreamName::Stdout, &mut self.stdout),
                };
                *seen += text.len();
                if let Some(overheard) = &mut self.overheard {
                    overheard.add(&text);
                }
                if let Some(text) = self.flow.pass(text)
                    && !self.muted
                {
                    frontend.publish(parent, &Stream { name, text }).await;
                }
            }
            _ if self.muted => {}
            EventKind::Display(Display { data, metadata, id }) => {
                let data = output::displayed(data);
                let display =
                    DisplayData { data, metadata, transient: Transient { display_id: id } };
                frontend.publish(parent, &display).await;
            }
            EventKind::UpdateDisplay(Display { data, metadata, id }) => {
                let data = output::displayed(data);
                let transient = Transient { display_id: id };
                frontend.publish(parent, &UpdateDisplayData { data, metadata, transient }).await;
            }
            EventKind::Result { data, metadata } => {
                self.audience.result(output::displayed(data), metadata).await;
            }
            EventKind::ClearOutput { wait } => {
                frontend.publish(parent, &ClearOutput { wait }).await;
            }
            _ => {}
        }
    }
}

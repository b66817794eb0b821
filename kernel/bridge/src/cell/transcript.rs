//! What was shown of a statement while it ran, and so what is left to show when it has ended.

use std::mem;

use jupyter_wire::content::{Stream, StreamName};
use livy_client::Id;
use serde_json::{Map, Value};

use crate::{
    agent::{Agent, Batch, Display, Event, EventKind, Progress},
    cell::{event_output, printed_echo::PrintedEcho, stdin::Question},
    display::sink::OutputSink,
    error::CellError,
    output::size_limit::LiveText,
};

/// Stands where output is missing.
const GAP: &str = "[... Some of what the cell gave is left out here: it came too fast. Write it to a file, or print \
    less. ...]\n";

/// One statement, as the agent reports it.
pub struct Transcript {
    sink: OutputSink,
    statement: Id,
    /// Ignores output without a statement until this statement starts.
    skip_untagged: bool,
    /// Events before this number were shown by a kernel that was killed.
    shown_until: u64,
    has_started: bool,
    has_ended: bool,
    /// Some events are missing.
    has_gap: bool,
    shown: ShownText,
    /// The output of Scala or R, which Livy's answer repeats.
    echo: Option<PrintedEcho>,
    flow: LiveText,
    news: News,
}

/// What was shown of the text that Livy's answer repeats.
#[derive(Default)]
struct ShownText {
    /// Bytes of standard output.
    stdout: usize,
    /// Bytes of standard error.
    stderr: usize,
    /// The text of the cell's value.
    value: Option<String>,
}

/// What the agent has reported beside outputs, until somebody takes it.
#[derive(Default)]
struct News {
    failure: Option<CellError>,
    /// The last error that has been shown already.
    shown_failure: Option<CellError>,
    questions: Vec<Question>,
    progress: Option<Progress>,
    payload: Vec<Value>,
}

impl Transcript {
    /// A transcript of which nothing has been shown yet.
    pub fn new(
        sink: OutputSink,
        statement: Id,
        echo: Option<PrintedEcho>,
        agent: Option<&Agent>,
    ) -> Self {
        Self {
            sink,
            statement,
            echo,
            shown_until: 0,
            skip_untagged: agent.is_some_and(Agent::take_first_use),
            has_started: false,
            has_ended: false,
            has_gap: false,
            shown: ShownText::default(),
            flow: LiveText::default(),
            news: News::default(),
        }
    }

    /// Shows no event before the one with this number.
    pub fn skip_until(&mut self, position: u64) {
        self.shown_until = position;
    }

    /// Whether the event with this number was not shown by another kernel.
    pub fn shows(&self, event: u64) -> bool {
        event >= self.shown_until
    }

    /// Whether the agent has reported everything.
    fn is_whole(&self) -> bool {
        self.has_started && self.has_ended
    }

    /// The statement's id.
    pub fn statement(&self) -> &Id {
        &self.statement
    }

    /// Whether the agent has reported the statement's start.
    pub fn has_started(&self) -> bool {
        self.has_started
    }

    /// Whether the agent has reported the statement's end, after which nothing follows.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Takes the error that the statement raised, with its traceback.
    pub fn take_failure(&mut self) -> Option<CellError> {
        self.news.failure.take()
    }

    /// Takes the error of this class that was shown before the statement's last outputs; it has no traceback.
    pub fn take_shown_failure(&mut self, ename: &str) -> Option<CellError> {
        self.news.shown_failure.take().filter(|failure| failure.ename == ename)
    }

    /// Takes the questions that have come since the last call.
    pub fn take_questions(&mut self) -> impl Iterator<Item = Question> {
        self.news.questions.drain(..)
    }

    /// Takes Spark's progress, if it has changed since the last call.
    pub fn take_progress(&mut self) -> Option<Progress> {
        self.news.progress.take()
    }

    /// Takes the actions for the frontend, which the cell's reply has.
    pub fn take_payload(&mut self) -> Vec<Value> {
        mem::take(&mut self.news.payload)
    }

    /// Shows what was held back.
    pub async fn finish(&mut self) {
        if let Some(text) = self.flow.end() {
            self.sink.publish(&Stream::stdout(text)).await;
        }
    }

    /// What was not shown of Livy's error, which for Scala begins with the output of its last line.
    pub fn not_shown_of_error(
        &self,
        evalue: String,
        traceback: Vec<String>,
    ) -> (String, Vec<String>) {
        match &self.echo {
            Some(echo) => echo.not_shown_of_error(evalue, traceback),
            None => (evalue, traceback),
        }
    }

    /// What was not shown of Livy's answer.
    pub fn not_shown_of(&self, mut data: Map<String, Value>) -> Map<String, Value> {
        let rest = match data.get("text/plain") {
            Some(Value::String(text)) if !self.is_whole() && !self.has_gap => match &self.echo {
                Some(echo) => echo.not_shown_of(text),
                None => self.not_shown_of_text(text).to_owned(),
            },
            _ => String::new(),
        };
        match rest.as_str() {
            "" => drop(data.remove("text/plain")),
            _ => drop(data.insert("text/plain".to_owned(), rest.into())),
        }
        data
    }

    /// Livy's text has all of standard output before all of standard error.
    fn not_shown_of_text<'t>(&self, text: &'t str) -> &'t str {
        let rest = text.get(self.shown.stdout..).unwrap_or_default();
        let value = self.shown.value.as_deref().unwrap_or_default().trim_end();
        let rest =
            rest.trim_end().strip_suffix(value).filter(|_| !value.is_empty()).unwrap_or(rest);
        if self.shown.stderr > 0 && rest.trim_end().len() <= self.shown.stderr { "" } else { rest }
    }

    /// Shows what has happened.
    pub async fn handle(&mut self, batch: Batch) {
        if batch.lost && batch.events.first().is_some_and(|event| self.is_of_statement(event)) {
            self.show_gap().await;
        }
        self.has_gap |= batch.lost;
        for event in batch.events {
            let is_new = self.shows(event.n);
            match event.statement.as_deref() {
                Some(_) if self.is_of_statement(&event) => {
                    self.handle_event(event.kind, is_new).await;
                }
                // A thread of an earlier cell goes on printing.
                None if matches!(event.kind, EventKind::Stream { .. })
                    && (self.has_started || !self.skip_untagged) =>
                {
                    self.handle_event(event.kind, is_new).await;
                }
                _ => {}
            }
        }
    }

    /// Shows an error after which the code went on, such as one that `%tb` shows.
    pub async fn show_failure(&mut self) {
        if let Some(failure) = self.news.failure.take() {
            self.sink.publish(&failure.message()).await;
            self.news.shown_failure = Some(CellError { traceback: Vec::new(), ..failure });
        }
    }

    fn is_of_statement(&self, event: &Event) -> bool {
        event.statement.as_deref() == Some(self.statement.as_str())
    }

    /// Says once that output is missing: the agent drops what comes faster than it is fetched.
    async fn show_gap(&mut self) {
        if !self.has_gap {
            self.sink.publish(&Stream::stderr(GAP)).await;
        }
    }

    async fn handle_event(&mut self, event: EventKind, is_new: bool) {
        match event {
            EventKind::Start {} => self.has_started = true,
            EventKind::End {} => self.has_ended = true,
            EventKind::Error { ename, evalue, traceback } => {
                self.show_failure().await;
                self.news.failure = Some(CellError { ename, evalue, traceback });
            }
            EventKind::Input { request, prompt, password } => {
                self.news.questions.push(Question { request, prompt, password });
            }
            EventKind::Progress(progress) => self.news.progress = Some(progress),
            EventKind::Payload { payload } => self.news.payload.push(payload),
            _ if self.sink.is_silent() => {}
            output => {
                self.show_failure().await;
                self.show_output(output, is_new).await;
            }
        }
    }

    async fn show_output(&mut self, event: EventKind, is_new: bool) {
        match event {
            EventKind::Stream { name, text } => self.show_text(&name, text, is_new).await,
            output if is_new => self.show(output).await,
            _ => {}
        }
    }

    async fn show_text(&mut self, name: &str, text: String, is_new: bool) {
        let (name, shown) = match name {
            "stderr" => (StreamName::Stderr, &mut self.shown.stderr),
            _ => (StreamName::Stdout, &mut self.shown.stdout),
        };
        *shown += text.len();
        if let Some(echo) = &mut self.echo {
            echo.add(&text);
        }
        let text = match &self.echo {
            Some(echo) => echo.as_written(&text),
            None => text,
        };
        if let Some(text) = self.flow.pass(text)
            && is_new
        {
            self.sink.publish(&Stream { name, text }).await;
        }
    }

    async fn show(&mut self, event: EventKind) {
        if let EventKind::Result(Display { data, .. }) = &event {
            let text = data.get("text/plain").and_then(Value::as_str);
            self.shown.value = text.map(str::to_owned);
        }
        event_output::show(&self.sink, event).await;
    }
}

#[cfg(test)]
mod tests {
    use jupyter_wire::{Parent, memory};
    use serde_json::json;

    use super::*;

    /// What is left to show of Livy's `text` after the agent has reported these events.
    async fn left_of(text: &str, events: Value) -> Option<Value> {
        let (_requests, frontend, _client) = memory();
        let sink = OutputSink::new(frontend, Parent::none(), 1, false);
        let mut transcript = Transcript::new(sink, "7".into(), None, None);
        let batch = json!({"events": events, "next": 9});
        transcript.handle(serde_json::from_value(batch).unwrap()).await;
        let data = Map::from_iter([("text/plain".to_owned(), text.into())]);
        transcript.not_shown_of(data).remove("text/plain")
    }

    fn event(kind: &str, content: Value) -> Value {
        let mut event = json!({"n": 0, "statement": "7", "kind": kind});
        event.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        event
    }

    fn printed(text: &str) -> Value {
        event("stream", json!({"name": "stdout", "text": text}))
    }

    fn value(text: &str) -> Value {
        event("result", json!({"data": {"text/plain": text}, "metadata": {}}))
    }

    #[tokio::test]
    async fn what_was_printed_is_not_shown_again() {
        assert_eq!(left_of("a\n5", json!([printed("a\n")])).await, Some("5".into()));
    }

    /// The agent may be too slow to report the end.
    #[tokio::test]
    async fn a_value_that_was_shown_is_not_shown_again() {
        assert_eq!(left_of("a\n5\n", json!([printed("a\n"), value("5")])).await, None);
        assert_eq!(left_of("5", json!([value("5")])).await, None);
        assert_eq!(left_of("6", json!([value("5")])).await, Some("6".into()));
    }

    #[tokio::test]
    async fn nothing_is_left_once_the_agent_has_reported_everything() {
        let events = [event("start", json!({})), printed("a"), event("end", json!({}))];
        assert_eq!(left_of("a\nand more", json!(events)).await, None);
    }
}

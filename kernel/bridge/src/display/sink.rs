//! Where a cell's outputs go: the one place that publishes them.

use jupyter_wire::{
    Content, Frontend, Parent, Publication, RawMessage,
    content::{DisplayData, ExecuteResult, Stream, Transient},
};
use serde_json::{Map, Value};

use crate::{display::panel::Panel, history::History, output::CellOutput, visible::visible};

/// Publishes what one cell gives, in answer to its request.
#[derive(Clone)]
pub struct OutputSink {
    frontend: Frontend,
    parent: Parent,
    execution_count: u32,
    is_silent: bool,
    history: Option<History>,
}

impl OutputSink {
    /// A sink for the outputs of the cell with this number. If the cell is silent, it publishes nothing.
    pub fn new(frontend: Frontend, parent: Parent, execution_count: u32, is_silent: bool) -> Self {
        Self { frontend, parent, execution_count, is_silent, history: None }
    }

    /// The same sink, which also adds the cell's result to the history.
    pub fn remembering(self, history: Option<History>) -> Self {
        Self { history, ..self }
    }

    /// The same sink for what comes after the cell, of which no copies are made: those end with the cell.
    pub fn after_cell(&self) -> Self {
        Self { frontend: self.frontend.without_copies(), ..self.clone() }
    }

    /// A sink that publishes nothing, for a statement that the user has not written.
    pub fn muted(&self) -> Self {
        Self { is_silent: true, history: None, ..self.clone() }
    }

    /// The cell's number.
    pub fn execution_count(&self) -> u32 {
        self.execution_count
    }

    /// Whether nothing is published.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// The request that the outputs answer.
    pub fn parent(&self) -> Parent {
        self.parent.clone()
    }

    /// The frontends that receive the outputs.
    pub fn frontend(&self) -> &Frontend {
        &self.frontend
    }

    /// Publishes one message.
    pub async fn publish(&self, content: &impl Content) {
        if !self.is_silent {
            self.frontend.publish(&self.parent, content).await;
        }
    }

    /// Publishes a copy of what was published in answer to another request.
    pub async fn publish_copy(&self, copy: &Publication) {
        if !self.is_silent {
            self.frontend.publish_copy(&self.parent, copy).await;
        }
    }

    /// Publishes a message as it is.
    pub async fn publish_raw(&self, raw: RawMessage) {
        if !self.is_silent {
            self.frontend.publish_raw(&self.parent, raw).await;
        }
    }

    /// Publishes outputs in their order.
    pub async fn show(&self, outputs: Vec<CellOutput>) {
        for output in outputs {
            match output {
                CellOutput::Stream(text) => self.publish(&Stream::stdout(text)).await,
                CellOutput::Warning(text) => self.publish(&Stream::stderr(visible(&text))).await,
                CellOutput::Display(data) => {
                    self.publish(&DisplayData { data, ..Default::default() }).await;
                }
                CellOutput::Result(data) => {
                    self.show_result(data, Map::new(), Transient::default()).await
                }
            }
        }
    }

    /// Writes a line or more to the cell's standard error.
    pub async fn warn(&self, text: String) {
        self.show(vec![CellOutput::Warning(text)]).await;
    }

    /// Publishes the cell's value, and adds its text to the history.
    pub async fn show_result(
        &self,
        data: Map<String, Value>,
        metadata: Map<String, Value>,
        transient: Transient,
    ) {
        if self.is_silent {
            return;
        }
        let text = data.get("text/plain").and_then(Value::as_str);
        if let (Some(history), Some(text)) = (&self.history, text) {
            history.add_output(self.execution_count, text);
        }
        let execution_count = self.execution_count;
        self.publish(&ExecuteResult { execution_count, data, metadata, transient }).await;
    }

    /// Waits until everything that was published has been handed to the sockets.
    pub async fn flush(&self) {
        self.frontend.flush().await;
    }

    /// A display that is updated in place; one that never appears if the cell is silent.
    pub fn panel(&self) -> Panel {
        let is_seen = !self.is_silent;
        Panel::new(is_seen.then(|| (self.frontend.clone(), self.parent.clone())))
    }
}

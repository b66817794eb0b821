//! Publishes what the agent reports beside text.

use jupyter_wire::content::{ClearOutput, DisplayData, Transient, UpdateDisplayData};

use crate::{
    agent::{Display, EventKind},
    display::sink::OutputSink,
    error::CellError,
    output,
};

/// Publishes a value, a display, or the error of a handler; other events show nothing here.
pub async fn show(sink: &OutputSink, event: EventKind) {
    match event {
        EventKind::Display(Display { data, metadata, id }) => {
            let data = output::render_display(data);
            let transient = Transient { display_id: id };
            sink.publish(&DisplayData { data, metadata, transient }).await;
        }
        EventKind::UpdateDisplay(Display { data, metadata, id }) => {
            let data = output::render_display(data);
            let transient = Transient { display_id: id };
            sink.publish(&UpdateDisplayData { data, metadata, transient }).await;
        }
        EventKind::Result(Display { data, metadata, id }) => {
            let data = output::render_display(data);
            sink.show_result(data, metadata, Transient { display_id: id }).await;
        }
        EventKind::HandlerError { ename, evalue, traceback } => {
            sink.publish(&CellError { ename, evalue, traceback }.message()).await;
        }
        EventKind::ClearOutput { wait } => sink.publish(&ClearOutput { wait }).await,
        _ => {}
    }
}

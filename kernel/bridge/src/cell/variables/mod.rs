//! Variables that pass between the session and the Python of this machine: `%get`, `%put`, `%%send_to_spark`, and what
//! `-o` keeps.

mod folder;
mod get;
mod kept;
mod put;
mod way;

pub use kept::KeptVariables;

use crate::{
    cell::{
        context::KernelContext, prepared_session::prepared, request::CellRequest,
        variables::way::Way,
    },
    display::sink::OutputSink,
    error::CellError,
    language::{sql::KeptOutput, value_magic::Passing},
    output::CellOutput,
};

/// Passes a variable on, and says what it is now.
///
/// # Errors
///
/// It cannot be passed on, or the user interrupts.
pub async fn pass(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    passing: &Passing,
) -> Result<(), CellError> {
    let (handle, _in_use) = prepared(context, asked, sink, &[]).await?;
    let way = Way::open(context, asked, sink, &handle).await?;
    let said = match passing {
        Passing::Get(names) => {
            context.kept.forget(&names.local);
            get::get(&way, &get::Wanted::all_of(names, context.kind)).await?
        }
        Passing::Put(names) => put::put(&way, names).await?,
    };
    sink.show(vec![CellOutput::Stream(said + "\n")]).await;
    Ok(())
}

/// Notes what a cell has kept with `-o`: the local Python gets it at once, or when a cell of its own reads it.
///
/// # Errors
///
/// It is wanted at once and cannot be passed on, or the user interrupts.
pub async fn keep(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    output: KeptOutput,
) -> Result<(), CellError> {
    let Some(handle) = context.sessions.ready_session() else { return Ok(()) };
    if !output.is_fetched {
        context.kept.note(output, handle.identity());
        return Ok(());
    }
    let way = Way::open(context, asked, sink, &handle).await?;
    get::get(&way, &get::Wanted::kept(&output)).await.map(drop)
}

/// Fetches what `-o` has kept and this code of a `%%local` cell reads. Where that fails, the cell says so and runs.
///
/// # Errors
///
/// The user interrupts.
pub async fn fetch_for(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    code: &str,
) -> Result<(), CellError> {
    let Some(handle) = context.sessions.ready_session() else { return Ok(()) };
    let _in_use = handle.in_use();
    for output in context.kept.read_by(code, &handle.identity()) {
        let fetched = async {
            let way = Way::open(context, asked, sink, &handle).await?;
            get::get(&way, &get::Wanted::kept(&output)).await
        };
        let fetched = fetched.await;
        if asked.interrupt.is_cancelled() {
            return Err(CellError::not_run());
        }
        context.kept.forget(&output.name);
        if let Err(failure) = fetched {
            sink.warn(format!("{}\n", failure.traceback.join("\n"))).await;
        }
    }
    Ok(())
}

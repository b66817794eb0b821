//! Where a run begins: at the first cell, or where an earlier run with the same output file was killed.

use std::sync::Arc;

use crate::{
    error::CellError,
    exec::{
        job::Job,
        kept_cells::{self, KeptCells},
        notebook::Notebook,
        output_file,
    },
    session::{Manager, journal::Record},
    terminal::{error::CommandError, streams},
};

/// Where a run begins.
pub struct Beginning {
    /// The cells, with the outputs of those that need not run again.
    pub notebook: Notebook,
    /// The first cell to run.
    pub first: usize,
    /// The request of the first cell, if that runs already.
    pub resumed: Option<String>,
}

/// Finds the beginning. A session that an earlier run has left is ended, unless this one goes on with it.
///
/// # Errors
///
/// The server of that session cannot be asked.
pub async fn find(job: &Job, sessions: &Arc<Manager>) -> Result<Beginning, CommandError> {
    let at_first = Beginning { notebook: job.notebook.clone(), first: 0, resumed: None };
    let say = |why| {
        if job.resumes {
            say(why)
        }
    };
    let Some(record) = sessions.inherited().await else {
        say("no run of this file was killed, so there is no session to go on with");
        return Ok(at_first);
    };
    let Some((earlier, kept)) = kept(job).filter(|_| job.resumes) else {
        say("the cells that have run are not those of this notebook");
        sessions.end_inherited(&record).await;
        return Ok(at_first);
    };
    if let Some(loss) = sessions.inherited_loss(&record).await.map_err(failed)? {
        say(&loss.sentence());
        sessions.journal.session(None);
        return Ok(at_first);
    }
    Ok(go_on(job, sessions, record, earlier, kept).await)
}

fn say(why: &str) {
    streams::warn(format!("{}. All cells run.", why.trim_end_matches('.')));
}

fn failed(error: CellError) -> CommandError {
    CommandError::Other(error.evalue)
}

fn kept(job: &Job) -> Option<(Notebook, KeptCells)> {
    let earlier = output_file::read(job.output.as_deref()?)?;
    let kept = kept_cells::find(&job.notebook, &earlier, job.allow_errors)?;
    Some((earlier, kept))
}

/// Lets the kernel take the session back, and the cell that runs in it.
async fn go_on(
    job: &Job,
    sessions: &Arc<Manager>,
    record: Record,
    earlier: Notebook,
    kept: KeptCells,
) -> Beginning {
    let KeptCells { first, count, goes_on_alike } = kept;
    let record = record.after_cell(count);
    let id = &record.session.id;
    streams::warn(format!("goes on in session {id} after cell [{count}]."));
    let running = record.cells.last().filter(|_| goes_on_alike);
    let resumed = running.and_then(|cell| Some(cell.asked.request()?.header().msg_id.clone()));
    sessions.journal.adopt(&record);
    sessions.journal.written().await;
    let mut notebook = job.notebook.clone();
    if !earlier.widgets().is_null() {
        notebook.set_widgets(earlier.widgets().clone());
    }
    notebook.cells.splice(..first, earlier.cells.into_iter().take(first));
    Beginning { notebook, first, resumed }
}

//! Says when a statement neither ends nor answers the agent.

use std::{
    convert::Infallible,
    future::pending,
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::sleep};

use crate::cell::statement_run::StatementRun;

/// How long the session's Python may be silent: if it has nothing to report, it answers after ten
/// seconds.
const SILENCE_LIMIT: Duration = Duration::from_secs(17);
/// How often the silence is measured.
const SILENCE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// When the agent last answered; `None` while its silence says nothing about Python.
pub type LastReport = Option<Instant>;

/// Warns once that the session's Python does not answer, although Livy does.
pub async fn warn_of_silence(
    run: &StatementRun<'_>,
    last_report: watch::Receiver<LastReport>,
) -> Infallible {
    let mut since = Instant::now();
    loop {
        sleep(SILENCE_CHECK_INTERVAL).await;
        match *last_report.borrow() {
            Some(last) if run.handle.client.troubles().borrow().longest().is_none() => {
                since = since.max(last);
            }
            _ => since = Instant::now(),
        }
        if since.elapsed() >= SILENCE_LIMIT {
            run.sink.warn(warning(run)).await;
            return pending().await;
        }
    }
}

fn warning(run: &StatementRun<'_>) -> String {
    format!(
        "Python in session {} has not answered for {} s. It may be in C code that lets nothing else run, or a \
         cell has broken it.\nWait, or interrupt the cell. If the next cell hangs too, restart the kernel: that \
         gives a new session, without the variables of this one.\n",
        run.handle.session.id,
        SILENCE_LIMIT.as_secs()
    )
}

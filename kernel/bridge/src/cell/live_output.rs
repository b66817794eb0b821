//! Shows what the agent reports of a statement while it runs.

use std::{
    mem,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, Batch, CellKind, Event, EventKind, EventReader},
    cell::{
        silence::LastReport, statement_run::StatementRun, stdin::InputBroker,
        transcript::Transcript,
    },
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    platform::task,
    session::handle::SessionHandle,
};

/// How long a Scala or R cell runs before it justifies starting Python to install the agent.
const ON_DEMAND_AGENT_DELAY: Duration = Duration::from_secs(3);
/// How long after Livy's answer the agent's last events may come.
const LAST_EVENTS_LIMIT: Duration = Duration::from_secs(5);
/// And how long if those of the statement before have not come at all.
const DOUBTFUL_EVENTS_LIMIT: Duration = Duration::from_secs(1);

/// Whether the agent reports on a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentVoice {
    /// It does not, or it has reported the end.
    Silent,
    /// It will soon report the beginning.
    Expected,
    /// It has reported the beginning.
    Reports,
}

/// What the agent says meanwhile, for those that poll and watch.
pub struct AgentReports {
    /// Whether the agent reports on the statement.
    pub voice: watch::Sender<AgentVoice>,
    /// Notified when something has happened that may be the statement's end.
    pub news: Arc<Notify>,
    /// When it last answered.
    pub last: watch::Sender<LastReport>,
    /// Cancelled when it has nothing more to report.
    pub all_heard: CancellationToken,
}

impl AgentReports {
    /// Nothing has been reported yet.
    pub fn new() -> Self {
        Self {
            voice: watch::Sender::new(AgentVoice::Silent),
            news: Arc::default(),
            last: watch::Sender::new(None),
            all_heard: CancellationToken::new(),
        }
    }
}

/// Shows what the agent reports, until it has reported the end, or until shortly after `ended`.
pub async fn show(
    run: &StatementRun<'_>,
    transcript: &mut Transcript,
    reports: &AgentReports,
    ended: &CancellationToken,
) {
    match (run.kind, &run.agent) {
        (Kind::Pyspark, Some(agent)) => {
            show_python(run, agent, transcript, reports, ended).await;
            reports.voice.send_replace(AgentVoice::Silent);
            reports.all_heard.cancel();
        }
        (Kind::Pyspark, _) => {}
        (_, agent) => show_other(run, agent.as_ref(), transcript, ended).await,
    }
}

async fn show_python(
    run: &StatementRun<'_>,
    agent: &Agent,
    transcript: &mut Transcript,
    reports: &AgentReports,
    ended: &CancellationToken,
) {
    reports.last.send_replace(Some(Instant::now()));
    announce(reports, AgentVoice::Expected);
    let patience = if agent.is_late() { DOUBTFUL_EVENTS_LIMIT } else { LAST_EVENTS_LIMIT };
    let mut late = pin!(async {
        ended.cancelled().await;
        sleep(patience).await;
    });
    let mut reader = EventReader::of_cell(agent, CellKind::Python)
        .addressed_to(run.context.comms.addressee())
        .notifying(reports.news.clone());
    while !transcript.has_ended() {
        let batch = tokio::select! {
            batch = reader.events(transcript.statement()) => batch,
            () = &mut late => {
                agent.note_late(true);
                return tracing::warn!("a cell ends without the agent's last word, which is late");
            }
        };
        match batch {
            Ok(batch) => handle(run, agent, batch, transcript).await,
            Err(error) => {
                if !error.is_from_python() {
                    reports.last.send_replace(None);
                }
                return tracing::warn!("a cell goes on without live output: {error}");
            }
        }
        reports.last.send_replace((!transcript.has_ended()).then(Instant::now));
        if transcript.has_started() {
            run.board.report_running();
            announce(reports, AgentVoice::Reports);
        }
    }
    agent.note_late(false);
    run.context.comms.settle().await;
}

fn announce(reports: &AgentReports, voice: AgentVoice) {
    reports.voice.send_if_modified(|now| mem::replace(now, voice) != voice);
}

/// Shows what the agent reports of a statement that does not run in its Python: it cannot see when that
/// has ended.
async fn show_other(
    run: &StatementRun<'_>,
    agent: Option<&Agent>,
    transcript: &mut Transcript,
    ended: &CancellationToken,
) {
    let agent = match agent {
        Some(agent) => Some(agent.clone()),
        None => ended.run_until_cancelled(justified_agent(run, run.handle)).await.flatten(),
    };
    let Some(agent) = agent else { return };
    if run.kind == Kind::Sparkr
        && ended.run_until_cancelled(run.board.until_running()).await.is_none()
    {
        return; // The agent takes what R prints for this statement's.
    }
    let mut reader = EventReader::of_cell(&agent, CellKind::Other(run.kind))
        .addressed_to(run.context.comms.addressee());
    while let Some(batch) = ended.run_until_cancelled(reader.events(transcript.statement())).await {
        match batch {
            Ok(batch) => handle(run, &agent, batch, transcript).await,
            Err(error) => return tracing::warn!("a cell goes on without live output: {error}"),
        }
    }
    if let Ok(Some(progress)) = agent.end_statement(transcript.statement()).await {
        run.board.report_agent(progress);
    }
}

/// The agent of a Scala or R session without Python, once the cell justifies starting Python there: when it
/// takes long, or is interrupted.
async fn justified_agent(run: &StatementRun<'_>, handle: &SessionHandle) -> Option<Agent> {
    let agent_use = AgentUse::Statement { has_ipython_syntax: false };
    if handle.agent_need(agent_use, run.kind) != AgentNeed::OnDemand {
        return None;
    }
    run.asked.interrupt.run_until_cancelled(sleep(ON_DEMAND_AGENT_DELAY)).await;
    handle.requested_agent().await
}

/// Shows outputs and messages of comms in their order: a widget may take the outputs between two messages.
async fn show_in_order(
    run: &StatementRun<'_>,
    agent: &Agent,
    mut batch: Batch,
    transcript: &mut Transcript,
) {
    let lost = batch.lost;
    let mut outputs = Vec::new();
    for event in mem::take(&mut batch.events) {
        if !event.kind.is_of_comms() {
            outputs.push(event);
        } else if transcript.shows(event.n) {
            let before = Batch { events: mem::take(&mut outputs), lost, ..Batch::default() };
            transcript.handle(before).await;
            transcript.show_failure().await;
            run.context.comms.hear(run.sink.frontend(), agent, event).await;
        }
    }
    transcript.handle(Batch { events: outputs, ..batch }).await;
}

/// Shows the last of the progress before the statement's last outputs: where two people have one notebook, JupyterLab
/// 4.6 moves an output that changes below the others, and a later change replaces another one.
async fn finish_progress(run: &StatementRun<'_>, batch: &Batch) {
    let kinds = || batch.events.iter().map(|event| &event.kind);
    if kinds().any(|kind| matches!(kind, EventKind::End {})) {
        let last = kinds().rev().find_map(|kind| match kind {
            EventKind::Progress(progress) => Some(progress.clone()),
            _ => None,
        });
        if let Some(progress) = last {
            run.board.report_agent(progress);
        }
        run.board.finish(run.after_run).await;
    }
}

async fn handle(
    run: &StatementRun<'_>,
    agent: &Agent,
    mut batch: Batch,
    transcript: &mut Transcript,
) {
    let (statement, next) = (transcript.statement().clone(), agent.position());
    let is_others = |event: &mut Event| {
        let is_own = event.statement.as_ref().is_none_or(|id| id == statement.as_str());
        !is_own && !event.kind.is_of_comms()
    };
    let of_others = batch.events.extract_if(.., is_others).collect();
    run.context.threads.show(of_others, None).await;
    let leaves_threads = batch.threads.iter().any(|id| id == statement.as_str());
    run.context.comms.note_open(batch.comms);
    finish_progress(run, &batch).await;
    show_in_order(run, agent, batch, transcript).await;
    if leaves_threads && transcript.has_ended() {
        run.context
            .threads
            .add(run.handle.identity(), &statement, run.sink.after_cell(), next)
            .await;
    }
    run.sink.flush().await;
    run.context.sessions.journal.note_departure(run.sink.frontend(), move |journal| {
        journal.shown(&statement, next);
    });
    if let Some(progress) = transcript.take_progress() {
        run.board.report_agent(progress);
    }
    for question in transcript.take_questions() {
        let broker = InputBroker {
            frontend: run.sink.frontend().clone(),
            request: run.asked.request.clone().filter(|_| run.asked.allow_stdin),
            interrupt: run.asked.interrupt.clone(),
        };
        task::spawn_detached("it asked for input", broker.answer(agent.clone(), question));
    }
}

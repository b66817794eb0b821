//! `%attach`, `%detach` and `%replay`: sessions that this kernel did not start, or is not alone in.

use std::{collections::BTreeSet, sync::Arc};

use clap::Args;
use livy_client::{
    Output, Statement,
    statement::{self, Page},
};

use crate::{
    display::panel::Text,
    error::CellError,
    kind::Kind,
    language::{
        cell_mark,
        scala::{stack, system_out},
        sql,
    },
    magics::errors::{no_session, unanswered},
    output::{self, CellOutput, UntrustedOutput},
    session::{Manager, handle::SessionHandle, origin::Origin},
};

/// Livy sends so many statements at once at most.
const MOST: u64 = 100;
const NONE: &str = "there is no session";

/// Options of `%attach`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Which {
    /// The session's id or name
    #[arg(value_name = "SESSION")]
    session: String,
}

/// Options of `%replay`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct HowMany {
    /// How many statements
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    statements: u64,
    /// Show HTML, JavaScript and the like of statements that this kernel did not send, too
    #[arg(long)]
    html: bool,
}

/// Joins a session.
pub async fn attach(sessions: &Arc<Manager>, which: &Which) -> Result<Text, CellError> {
    let before = sessions.ready_session();
    let handle = sessions.attach(&which.session).await?;
    let id = &handle.session.id;
    let name = handle.session.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    let mut told = match handle.is_own() {
        true => format!("Session {id}{name} is this kernel's already."),
        false => format!(
            "Cells run in session {id}{name} now. It is not this kernel's, which leaves it as it is in the end."
        ),
    };
    if let Some(before) = before.filter(|before| before.started_here() && before.session.id != *id)
    {
        told +=
            &format!(" Session {}, which this kernel had started, is ended.", before.session.id);
    }
    Ok(Text::plain(&told))
}

/// Leaves the session as it is.
pub async fn detach(sessions: &Manager) -> Result<Text, CellError> {
    let left = sessions.detach().await.ok_or_else(|| no_session(NONE))?;
    let id = &left.session.id;
    let told = match left.origin {
        Origin::Started => format!(
            "Session {id} goes on without this kernel. Where Livy watches heartbeats it ends in two \
             minutes, unless a kernel takes it: %attach {id}."
        ),
        Origin::Joined => format!("Session {id} goes on without this kernel."),
        Origin::Pooled(_) => format!("Session {id} is given back to its pool."),
    };
    Ok(Text::plain(&format!("{told} The next cell starts another.")))
}

/// Returns the newest statements of the session with their outputs, including those of other clients.
pub async fn replay(
    sessions: &Manager,
    kernel: Kind,
    how_many: &HowMany,
) -> Result<Vec<CellOutput>, CellError> {
    let handle = sessions.ready_session().ok_or_else(|| no_session(NONE))?;
    let newest = newest(&handle, how_many.statements).await?;
    let (mut all, mut withheld) = (Vec::new(), BTreeSet::new());
    for statement in newest.into_iter().filter(|statement| !is_hidden(statement)) {
        let is_trusted = how_many.html || handle.has_sent(&statement.id);
        let given = shown(statement, kernel, is_trusted);
        all.extend(given.shown);
        withheld.extend(given.withheld);
    }
    all.extend(held_back_word(withheld));
    Ok(all)
}

/// A line that says what was not shown, and how to see it.
fn held_back_word(withheld: BTreeSet<String>) -> Option<CellOutput> {
    let types: Vec<String> = withheld.into_iter().collect();
    (!types.is_empty()).then(|| {
        CellOutput::Warning(format!(
            "Not shown, since it could act in this notebook and this kernel did not send the \
             statements: {}. `%replay --html` shows it.\n",
            types.join(", ")
        ))
    })
}

/// The oldest of them first, whatever order the server knows.
async fn newest(handle: &SessionHandle, number: u64) -> Result<Vec<Statement>, CellError> {
    let page = Page { size: Some(number), newest_first: true, ..Default::default() };
    let list = handle.client.send(statement::list(&handle.session.id, page)).await;
    let mut statements = list.map_err(|error| unanswered(&error))?.statements;
    statements.reverse();
    statements.sort_by_key(|statement| statement.id.as_str().parse::<u64>().ok());
    let more = statements.len().saturating_sub(usize::try_from(number).unwrap_or(usize::MAX));
    statements.drain(..more);
    Ok(statements)
}

/// Whether a kernel has asked Scala something for itself.
fn is_hidden(statement: &Statement) -> bool {
    let code = statement.code.as_deref().map(str::trim);
    code.is_some_and(|code| [stack::QUESTION, system_out::COPY_TO_THE_CELL].contains(&code))
}

fn shown(statement: Statement, kernel: Kind, is_trusted: bool) -> UntrustedOutput {
    let code = statement.code.clone().unwrap_or_default();
    let asked = sql::original(&code)
        .unwrap_or_else(|| cell_mark::without_mark(&code).trim_end().to_owned());
    let how = if statement.is_finished() { "" } else { " (has not ended)" };
    let heading = format!("[{}]{how} {asked}\n", statement.id);
    let failed = |ename: String, evalue: String| {
        vec![CellOutput::Warning(format!("{ename}: {evalue}\n"))].into()
    };
    let given: UntrustedOutput = match statement.output {
        Some(Output::Ok(data)) => match is_trusted {
            true => output::render(kernel, &code, data).map(UntrustedOutput::from),
            false => output::render_untrusted(kernel, &code, data),
        }
        .unwrap_or_else(|failure| failed(failure.ename, failure.evalue)),
        Some(Output::Error { ename, evalue, .. }) => failed(ename, evalue),
        None => UntrustedOutput::default(),
    };
    let heading = std::iter::once(CellOutput::Warning(heading));
    UntrustedOutput {
        shown: heading.chain(given.shown.into_iter().map(without_number)).collect(),
        ..given
    }
}

/// A value of another cell is none of this one's.
fn without_number(shown: CellOutput) -> CellOutput {
    match shown {
        CellOutput::Result(data) => CellOutput::Display(data),
        shown => shown,
    }
}

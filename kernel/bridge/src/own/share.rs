//! `%attach`, `%detach` and `%replay`: sessions that this kernel did not start, or is not alone in.

use std::sync::Arc;

use clap::Args;
use livy_client::{
    Output, Statement,
    statement::{self, Page},
};

use super::{no_session, unanswered};
use crate::{
    failure::Failure,
    keeper::Keeper,
    kind::Kind,
    live::Live,
    output::{self, Shown},
    panel::Text,
    query,
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
}

/// Joins a session.
pub async fn attach(keeper: &Arc<Keeper>, which: &Which) -> Result<Text, Failure> {
    let before = keeper.live();
    let live = keeper.attach(&which.session).await?;
    let id = &live.session.id;
    let name = live.session.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    let mut told = match live.own {
        true => format!("Session {id}{name} is this kernel's already."),
        false => format!(
            "Cells run in session {id}{name} now. It is not this kernel's, which leaves it as it is in the end."
        ),
    };
    if let Some(before) = before.filter(|before| before.own && before.session.id != *id) {
        told +=
            &format!(" Session {}, which this kernel had started, is ended.", before.session.id);
    }
    Ok(Text::plain(&told))
}

/// Leaves the session as it is.
pub fn detach(keeper: &Keeper) -> Result<Text, Failure> {
    let left = keeper.detach().ok_or_else(|| no_session(NONE))?;
    let id = &left.session.id;
    let told = match left.own {
        true => format!(
            "Session {id} goes on without this kernel. Where Livy watches heartbeats it ends in two \
             minutes, unless a kernel takes it: %attach {id}."
        ),
        false => format!("Session {id} goes on without this kernel."),
    };
    Ok(Text::plain(&format!("{told} The next cell starts another.")))
}

/// What the newest statements of the session were, and gave, whoever ran them.
pub async fn replay(
    keeper: &Keeper,
    kernel: Kind,
    how_many: &HowMany,
) -> Result<Vec<Shown>, Failure> {
    let live = keeper.live().ok_or_else(|| no_session(NONE))?;
    let newest = newest(&live, how_many.statements).await?;
    Ok(newest.into_iter().flat_map(|statement| shown(statement, kernel)).collect())
}

/// The oldest of them first, whatever order the server knows.
async fn newest(live: &Live, number: u64) -> Result<Vec<Statement>, Failure> {
    let page = Page { size: Some(number), newest_first: true, ..Default::default() };
    let list = live.client.send(statement::list(&live.session.id, page)).await;
    let mut statements = list.map_err(|error| unanswered(&error))?.statements;
    statements.reverse();
    statements.sort_by_key(|statement| statement.id.as_str().parse::<u64>().ok());
    let more = statements.len().saturating_sub(usize::try_from(number).unwrap_or(usize::MAX));
    statements.drain(..more);
    Ok(statements)
}

fn shown(statement: Statement, kernel: Kind) -> Vec<Shown> {
    let code = statement.code.clone().unwrap_or_default();
    let asked = query::asked(&code).unwrap_or_else(|| code.trim_end().to_owned());
    let how = if statement.is_finished() { "" } else { " (has not ended)" };
    let heading = format!("[{}]{how} {asked}\n", statement.id);
    let given = match statement.output {
        Some(Output::Ok(data)) => output::show(kernel, &code, data).unwrap_or_else(|failure| {
            vec![Shown::Warning(format!("{}: {}\n", failure.ename, failure.evalue))]
        }),
        Some(Output::Error { ename, evalue, .. }) => {
            vec![Shown::Warning(format!("{ename}: {evalue}\n"))]
        }
        None => Vec::new(),
    };
    std::iter::once(Shown::Warning(heading)).chain(given.into_iter().map(without_number)).collect()
}

/// A value of another cell is none of this one's.
fn without_number(shown: Shown) -> Shown {
    match shown {
        Shown::Result(data) => Shown::Display(data),
        shown => shown,
    }
}

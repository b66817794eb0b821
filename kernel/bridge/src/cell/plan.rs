//! What a cell is: who answers or runs it.

use crate::{
    error::CellError,
    kind::Kind,
    language::{
        cell_source, local_cell,
        magic_line::MagicRequest,
        sql::{self, StatementPlan},
        value_magic::{self, Passing},
    },
    magics::{self, KernelMagic},
    packages::{self, FromHere},
    transfer::{self, FileMagic},
};

/// What a cell is, once it was read.
pub enum Plan {
    /// The kernel answers it itself.
    Magic(KernelMagic),
    /// It shows the help of its magic.
    Help(String),
    /// It transfers a file.
    File(FileMagic),
    /// It installs packages that this machine downloads.
    Packages(FromHere),
    /// It passes a variable between the session and this machine.
    Passing(Passing),
    /// A Python of this machine runs it.
    Local(String),
    /// Livy runs it, and its time is shown if `%%time` stands above its language.
    Statements { plan: StatementPlan, is_timed: bool },
}

/// Reads a cell of a kernel of this language.
///
/// # Errors
///
/// The cell's magic is wrong, or has no meaning here.
pub fn of(cell: &str, kernel: Kind) -> Result<Plan, CellError> {
    if let Some(code) = local_cell::code(cell) {
        return Ok(Plan::Local(code.to_owned()));
    }
    if let Some(magic) = transfer::parse(cell) {
        return Ok(planned(magic?, Plan::File));
    }
    if let Some(request) = packages::parse(cell) {
        return Ok(planned(request?, Plan::Packages));
    }
    if let Some(passing) = value_magic::parse(cell) {
        return Ok(planned(passing?, Plan::Passing));
    }
    if let Some(magic) = magics::parse(cell) {
        return Ok(planned(magic?, Plan::Magic));
    }
    let source = cell_source::parse(cell, kernel);
    let statements = |plan| Plan::Statements { plan, is_timed: source.is_timed };
    Ok(planned(sql::plan(&source, kernel)?, statements))
}

fn planned<T>(request: MagicRequest<T>, plan: impl FnOnce(T) -> Plan) -> Plan {
    match request {
        MagicRequest::Run(asked) => plan(asked),
        MagicRequest::Help(help) => Plan::Help(help),
    }
}

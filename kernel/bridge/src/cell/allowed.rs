//! Whether a policy allows what a cell is to do.

use crate::{
    cell::plan::Plan,
    error::CellError,
    language::value_magic::{Passing, Put},
    magics::KernelMagic,
    policy::{Ability, Policy},
    transfer::FileMagic,
};

/// Checks what a cell is to do, before it gets a session.
///
/// # Errors
///
/// A policy forbids it.
pub fn check(policy: &Policy, plan: &Plan) -> Result<(), CellError> {
    for (ability, name) in needed(plan) {
        policy.check(*ability, name)?;
    }
    Ok(())
}

/// What a cell needs, and the name of what needs it. The agent refuses `%pip` within code, and the session's
/// manager sessions of others.
fn needed(plan: &Plan) -> &'static [(Ability, &'static str)] {
    match plan {
        Plan::File(FileMagic::Upload(_)) => &[(Ability::Transfers, "%upload")],
        Plan::File(FileMagic::Download(_)) => &[(Ability::Transfers, "%download")],
        Plan::Packages(_) => {
            &[(Ability::Pip, "%pip"), (Ability::Transfers, "%pip install --from-here")]
        }
        Plan::Passing(Passing::Get(_)) => &[(Ability::Transfers, "%get")],
        Plan::Passing(Passing::Put(Put { only: Some(_), .. })) => {
            &[(Ability::Transfers, "%%send_to_spark")]
        }
        Plan::Passing(Passing::Put(_)) => &[(Ability::Transfers, "%put")],
        Plan::Magic(KernelMagic::Attach(_)) => &[(Ability::Attach, "%attach")],
        Plan::Magic(KernelMagic::Batch(_)) => &[(Ability::Batches, "%%batch")],
        Plan::Statements { plan, .. } if plan.output.is_some() => {
            &[(Ability::Transfers, "the option -o")]
        }
        Plan::Local(_) => &[(Ability::Local, "%%local")],
        Plan::Magic(_) | Plan::Help(_) | Plan::Statements { .. } => &[],
    }
}

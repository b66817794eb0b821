//! When the agent is installed in a session, and which statements use it.
//!
//! In a Python session the agent costs nothing. In any other it starts a Python beside the
//! interpreter, which takes seconds and some 100 MB of the driver's memory.

use crate::{kind::Kind, settings::choices::AgentPolicy};

/// What the agent is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentUse {
    /// To be at hand in a session of this kind.
    Session,
    /// To report on a statement of this kind while it runs.
    Statement {
        /// Whether the user's Python has IPython syntax, which only the agent can translate.
        has_ipython_syntax: bool,
    },
    /// To interrupt a statement of this kind where Livy's own cancel does not stop it.
    Interrupt,
}

/// Whether, and when, the agent is installed for a use. How long to wait is the caller's to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentNeed {
    /// The agent is of no use here, or `LIVY_AGENT=never` forbids it.
    Never,
    /// The agent is used where the session has one, but is not installed for this.
    IfPresent,
    /// The agent is used where the session has one, and is otherwise installed once a cell takes
    /// long or is interrupted.
    OnDemand,
    /// The agent is installed as soon as the session is ready.
    AtSessionStart,
    /// The statement waits for an agent that is being installed, since it cannot do without.
    Required,
}

impl AgentNeed {
    /// Decides for one use of the agent. `kind` is the session's for [`AgentUse::Session`], and
    /// otherwise the statement's.
    pub fn of(agent_use: AgentUse, kind: Kind, policy: AgentPolicy) -> Self {
        match (agent_use, kind) {
            _ if policy == AgentPolicy::Never => Self::Never,
            (AgentUse::Session, Kind::Pyspark) => Self::AtSessionStart,
            (AgentUse::Session, _) if policy == AgentPolicy::Always => Self::AtSessionStart,
            (AgentUse::Session, Kind::Sql | Kind::Sparkr) => Self::IfPresent,
            (AgentUse::Statement { has_ipython_syntax: true }, Kind::Pyspark) => Self::Required,
            (AgentUse::Statement { .. }, Kind::Pyspark | Kind::Sql) => Self::IfPresent,
            (AgentUse::Interrupt, Kind::Pyspark) => Self::IfPresent,
            // Livy's cancel ends the Spark jobs of a query, and there is nothing else to end.
            (AgentUse::Interrupt, Kind::Sql) => Self::Never,
            (_, Kind::Spark | Kind::Sparkr) => Self::OnDemand,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AgentNeed::{AtSessionStart, IfPresent, Never, OnDemand, Required};

    const STATEMENT: AgentUse = AgentUse::Statement { has_ipython_syntax: false };
    const IPYTHON: AgentUse = AgentUse::Statement { has_ipython_syntax: true };

    /// Python, Scala, R, SQL, in the order of [`Kind::ALL`].
    fn needs(agent_use: AgentUse, policy: AgentPolicy) -> [AgentNeed; 4] {
        Kind::ALL.map(|kind| AgentNeed::of(agent_use, kind, policy))
    }

    #[test]
    fn only_python_sessions_have_the_agent_from_the_start_unless_all_do() {
        let auto = [AtSessionStart, OnDemand, IfPresent, IfPresent];
        assert_eq!(needs(AgentUse::Session, AgentPolicy::Auto), auto);
        assert_eq!(needs(AgentUse::Session, AgentPolicy::Always), [AtSessionStart; 4]);
    }

    #[test]
    fn a_statement_uses_an_agent_that_is_there_and_scala_and_r_may_install_one() {
        for policy in [AgentPolicy::Auto, AgentPolicy::Always] {
            assert_eq!(needs(STATEMENT, policy), [IfPresent, OnDemand, OnDemand, IfPresent]);
        }
    }

    #[test]
    fn ipython_syntax_requires_the_agent_in_python_alone() {
        let needs = needs(IPYTHON, AgentPolicy::Auto);
        assert_eq!(needs, [Required, OnDemand, OnDemand, IfPresent]);
    }

    #[test]
    fn the_agent_interrupts_all_but_queries() {
        for policy in [AgentPolicy::Auto, AgentPolicy::Always] {
            assert_eq!(needs(AgentUse::Interrupt, policy), [IfPresent, OnDemand, OnDemand, Never]);
        }
    }

    #[test]
    fn the_policy_never_is_obeyed_everywhere() {
        for agent_use in [AgentUse::Session, STATEMENT, IPYTHON, AgentUse::Interrupt] {
            assert_eq!(needs(agent_use, AgentPolicy::Never), [Never; 4]);
        }
    }
}

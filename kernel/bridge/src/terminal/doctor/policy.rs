//! Reports which policies apply, and whether they can.

use crate::{
    settings::Settings,
    terminal::doctor::report::{Finding, Report},
};

/// Reports each policy, what it refuses of the sessions to come, and what administrators want every user to
/// read. A policy that cannot be understood is reported with the settings, since it allows none.
pub fn report(settings: &Settings) -> Report {
    let (policy, mut report) = (&settings.policy, Report::default());
    for source in policy.sources() {
        report.add("policy", Finding::ok(format!("{source} applies")));
    }
    for source in policy.changeable() {
        let found = format!("you can change {source}, so it protects nothing");
        report
            .add("policy", Finding::warn(found, "make root the owner of the file and its folder"));
    }
    if let (Some(_), Err(error)) = (policy.sources().next(), settings.check_session()) {
        report.add("policy", Finding::fail(error.to_string(), "correct this setting"));
    }
    if let Some(banner) = policy.banner() {
        report.add("notice", Finding::ok(banner));
    }
    report
}

//! Reports where what kernels do is recorded, and whether that can be written.

use crate::{
    settings::Settings,
    terminal::doctor::report::{Finding, Report},
};

/// Reports each audit. A setting that makes no sense is reported with the others.
pub fn report(settings: &Settings) -> Report {
    let mut report = Report::default();
    for audit in settings.audits().into_iter().flatten() {
        report.add(
            "audit",
            match audit.to.check() {
                Ok(()) => Finding::ok(audit.to_string()),
                Err(error) => {
                    let found =
                        format!("{} cannot be written ({error}), so no cell runs", audit.to);
                    Finding::fail(
                        found,
                        "make it a place that you may write to, or correct audit.to",
                    )
                }
            },
        );
    }
    report
}

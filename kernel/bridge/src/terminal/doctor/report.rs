//! The report of the doctor: a list of findings.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{output::columns::align, visible::visible};

/// The result of one check.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    /// The value that was found, or what is wrong.
    pub found: String,
    /// What the user can do about it; may be empty.
    pub remedy: String,
    /// The last lines of a log that may show the reason.
    pub log: Vec<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    Warn,
    Fail,
    Skip,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Skip => "skip",
        }
    }
}

impl Finding {
    fn new(verdict: Verdict, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict, found: found.into(), remedy: remedy.into(), log: Vec::new() }
    }

    /// Reports something that is right.
    pub fn ok(found: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, found, "")
    }

    /// Reports something that works but should be changed.
    pub fn warn(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, found, remedy)
    }

    /// Reports something that does not work.
    pub fn fail(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, found, remedy)
    }

    /// Reports why something was not checked.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::new(Verdict::Skip, why, "")
    }
}

/// The findings of all checks, in the order of the checks.
#[derive(Debug)]
pub struct Report {
    findings: Vec<(&'static str, Finding, Duration)>,
    /// When the last finding was added.
    last: Instant,
    /// The first check that failed.
    failed: Option<&'static str>,
}

impl Default for Report {
    fn default() -> Self {
        Self { findings: Vec::new(), last: Instant::now(), failed: None }
    }
}

impl Report {
    /// Adds a finding; it has taken the time since the last one.
    pub fn add(&mut self, name: &'static str, finding: Finding) {
        if finding.verdict == Verdict::Fail {
            self.failed.get_or_insert(name);
        }
        let took = self.last.elapsed();
        self.last += took;
        self.findings.push((name, finding, took));
    }

    /// Returns the report with one more finding.
    pub fn with(mut self, name: &'static str, finding: Finding) -> Self {
        self.add(name, finding);
        self
    }

    /// Returns the report with the findings of another one before its own.
    pub fn led_by(self, mut first: Self) -> Self {
        first.findings.extend(self.findings);
        first.failed = first.failed.or(self.failed);
        first
    }

    /// Runs a check, unless an earlier one failed.
    pub async fn check(&mut self, name: &'static str, check: impl Future<Output = Finding>) {
        match self.failed {
            None => self.add(name, check.await),
            Some(_) => self.skip(&[name]),
        }
    }

    /// Adds checks that are skipped because an earlier one failed.
    pub fn skip(&mut self, names: &[&'static str]) {
        let why = format!("not checked, because “{}” failed", self.failed.unwrap_or_default());
        names.iter().for_each(|name| self.add(name, Finding::skip(why.clone())));
    }

    /// Returns whether a check failed.
    pub fn is_broken(&self) -> bool {
        self.failed.is_some()
    }

    /// Returns the report as aligned text for the user.
    pub fn text(&self) -> String {
        let mut rows = Vec::new();
        for (name, finding, _) in &self.findings {
            let found = visible(&finding.found).replace('\n', " ");
            rows.push(vec![finding.verdict.as_str().to_owned(), (*name).to_owned(), found]);
            let below = |text: String| vec![String::new(), String::new(), text];
            rows.extend(finding.log.iter().map(|line| below(format!("| {}", visible(line)))));
            if !finding.remedy.is_empty() {
                rows.push(below(format!("→ {}", visible(&finding.remedy))));
            }
        }
        align(&rows)
    }

    /// Returns the report as JSON for programs.
    pub fn document(&self) -> Value {
        let document = |(name, finding, took): &(&str, Finding, Duration)| {
            json!({
                "check": name,
                "ms": took.as_millis() as u64,
                "verdict": finding.verdict.as_str().to_lowercase(),
                "found": finding.found,
                "remedy": finding.remedy,
                "log": finding.log,
            })
        };
        self.findings.iter().map(document).collect()
    }
}

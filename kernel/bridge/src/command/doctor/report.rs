//! What was found.

use serde_json::{Value, json};

use crate::{columns::align, command::terminal::escaped};

/// What one check found.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    /// What there is, or what is wrong.
    pub found: String,
    /// What to do about it.
    pub remedy: String,
    /// The end of a log that may tell more.
    pub log: Vec<String>,
}

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

    /// It is as it should be.
    pub fn ok(found: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, found, "")
    }

    /// It works, but should be otherwise.
    pub fn warn(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, found, remedy)
    }

    /// It does not work.
    pub fn fail(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, found, remedy)
    }

    /// It was not looked at.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::new(Verdict::Skip, why, "")
    }
}

/// All findings, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<(&'static str, Finding)>,
    broken: Option<&'static str>,
}

impl Report {
    /// Adds a finding.
    pub fn add(&mut self, name: &'static str, finding: Finding) {
        if finding.verdict == Verdict::Fail {
            self.broken.get_or_insert(name);
        }
        self.findings.push((name, finding));
    }

    /// The same with a finding more.
    pub fn with(mut self, name: &'static str, finding: Finding) -> Self {
        self.add(name, finding);
        self
    }

    /// Checks something, unless something before it failed.
    pub async fn check(&mut self, name: &'static str, check: impl Future<Output = Finding>) {
        match self.broken {
            None => self.add(name, check.await),
            Some(_) => self.skip(&[name]),
        }
    }

    /// What is not looked at because something before it failed.
    pub fn skip(&mut self, names: &[&'static str]) {
        let why = format!("not looked at, since “{}” failed", self.broken.unwrap_or_default());
        names.iter().for_each(|name| self.add(name, Finding::skip(why.clone())));
    }

    /// Whether something does not work, so that what follows makes no sense.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut rows = Vec::new();
        for (name, finding) in &self.findings {
            let found = escaped(&finding.found).replace('\n', " ");
            rows.push(vec![finding.verdict.as_str().to_owned(), (*name).to_owned(), found]);
            let below = |text: String| vec![String::new(), String::new(), text];
            rows.extend(finding.log.iter().map(|line| below(format!("| {}", escaped(line)))));
            if !finding.remedy.is_empty() {
                rows.push(below(format!("→ {}", escaped(&finding.remedy))));
            }
        }
        align(&rows)
    }

    /// For a program.
    pub fn document(&self) -> Value {
        let document = |(name, finding): &(&str, Finding)| {
            json!({
                "check": name,
                "verdict": finding.verdict.as_str().to_lowercase(),
                "found": finding.found,
                "remedy": finding.remedy,
                "log": finding.log,
            })
        };
        self.findings.iter().map(document).collect()
    }
}

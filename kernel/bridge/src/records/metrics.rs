//! Counts of what kernels do, in
//! [Prometheus' text format](https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). Pure.

use std::{cmp::Ordering, collections::BTreeMap, fmt::Write, time::Duration};

use crate::records::event::Event;

/// A name, its type, and what it counts.
const FAMILIES: [(&str, &str, &str); 9] = [
    (
        "livy_kernel_sessions_total",
        "counter",
        "Sessions that kernels started, joined, took or lost, by state.",
    ),
    ("livy_kernel_cells_total", "counter", "Cells by language and end (ok, error, cancelled)."),
    ("livy_kernel_statements_total", "counter", "Statements by language and state."),
    (
        OVERHEAD,
        "histogram",
        "What a statement takes beyond the time in which it runs, as Livy says.",
    ),
    ("livy_kernel_output_bytes_total", "counter", "Bytes that statements gave."),
    (
        "livy_kernel_transferred_bytes_total",
        "counter",
        "Bytes of files and variables, by direction.",
    ),
    (
        "livy_kernel_reconnects_total",
        "counter",
        "Times that a server answered again after trouble.",
    ),
    ("livy_kernel_login_troubles_total", "counter", "Times that a server did not accept a login."),
    ("livy_kernel_cancels_total", "counter", "Statements that users stopped."),
];
const OVERHEAD: &str = "livy_kernel_overhead_seconds";

/// The upper bounds of the histogram, in seconds.
const BUCKETS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// A cell has ended.
    Cell {
        /// Its kernel's language.
        language: &'static str,
        /// `ok`, `error` or `cancelled`.
        end: &'static str,
    },
    /// A statement has ended.
    Statement {
        /// Its language.
        language: &'static str,
        /// `ok`, `error`, `cancelled`, `lost` or `unknown`.
        state: &'static str,
        /// The bytes that it gave.
        bytes: u64,
        /// The time that it took beyond the one in which it ran, if that is known.
        overhead: Option<Duration>,
    },
    /// A server answers again.
    Reconnect,
}

/// Counts by their name and labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters(BTreeMap<(String, String), f64>);

impl Counters {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a count.
    pub fn add(&mut self, count: Count) {
        match count {
            Count::Cell { language, end } => {
                let labels = format!("language=\"{language}\",end=\"{end}\"");
                self.increase("livy_kernel_cells_total", &labels, 1.0);
            }
            Count::Reconnect => self.increase("livy_kernel_reconnects_total", "", 1.0),
            Count::Statement { language, state, bytes, overhead } => {
                let labels = format!("language=\"{language}\",state=\"{state}\"");
                self.increase("livy_kernel_statements_total", &labels, 1.0);
                self.increase("livy_kernel_output_bytes_total", "", bytes as f64);
                if let Some(overhead) = overhead {
                    self.observe(overhead.as_secs_f64());
                }
            }
        }
    }

    /// Adds what an event counts. Statements are counted by [`Count::Statement`], with or without an audit.
    pub fn add_event(&mut self, event: &Event) {
        let sessions = "livy_kernel_sessions_total";
        match event {
            Event::Session { state, .. } => self.increase(sessions, &state_label(state), 1.0),
            Event::SessionEnd { state, .. } => self.increase(sessions, &state_label(state), 1.0),
            Event::Cancel { .. } => self.increase("livy_kernel_cancels_total", "", 1.0),
            Event::Login { .. } => self.increase("livy_kernel_login_troubles_total", "", 1.0),
            Event::Transfer { end, .. } => {
                let labels = format!("direction=\"{}\"", end.direction);
                self.increase("livy_kernel_transferred_bytes_total", &labels, end.bytes as f64);
            }
            Event::Statement(_) | Event::Batch { .. } => {}
        }
    }

    /// Adds what others have counted.
    pub fn merge(&mut self, others: &Self) {
        for ((name, labels), value) in &others.0 {
            self.increase(name, labels, *value);
        }
    }

    fn increase(&mut self, name: &str, labels: &str, by: f64) {
        *self.0.entry((name.to_owned(), labels.to_owned())).or_default() += by;
    }

    fn observe(&mut self, seconds: f64) {
        let bucket = format!("{OVERHEAD}_bucket");
        for limit in BUCKETS {
            let is_within = f64::from(u8::from(seconds <= limit));
            self.increase(&bucket, &format!("le=\"{limit}\""), is_within);
        }
        self.increase(&bucket, "le=\"+Inf\"", 1.0);
        self.increase(&format!("{OVERHEAD}_sum"), "", seconds);
        self.increase(&format!("{OVERHEAD}_count"), "", 1.0);
    }

    /// Reads what [`text`](Self::text) has written, and leaves out what is something else.
    pub fn parse(text: &str) -> Self {
        let mut this = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((sample, value)) = line.rsplit_once(' ') else { continue };
            let (name, labels) =
                sample.trim_end_matches('}').split_once('{').unwrap_or((sample, ""));
            if let Some(value) = value.parse::<f64>().ok().filter(|value| value.is_finite())
                && family_of(name).is_some()
            {
                this.increase(name, labels, value);
            }
        }
        this
    }

    /// All counts, as Prometheus reads them.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (family, kind, help) in FAMILIES {
            let mut samples: Vec<_> =
                self.0.iter().filter(|((name, _), _)| family_of(name) == Some(family)).collect();
            samples.sort_by(|one, other| in_order(one.0, other.0));
            // Writing to a text does not fail.
            let _ = writeln!(text, "# HELP {family} {help}\n# TYPE {family} {kind}");
            for ((name, labels), value) in samples {
                let _ = match labels.is_empty() {
                    true => writeln!(text, "{name} {value}"),
                    false => writeln!(text, "{name}{{{labels}}} {value}"),
                };
            }
        }
        text
    }
}

fn state_label(state: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(state).unwrap_or_default();
    format!("state=\"{}\"", word.as_str().unwrap_or_default())
}

fn family_of(name: &str) -> Option<&'static str> {
    let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
    let family = parts.filter(|family| *family == OVERHEAD).unwrap_or(name);
    FAMILIES.iter().map(|(known, ..)| *known).find(|known| *known == family)
}

/// Buckets come in the order of their bounds.
fn in_order(one: &(String, String), other: &(String, String)) -> Ordering {
    let bound = |labels: &str| -> Option<f64> {
        labels.strip_prefix("le=\"")?.trim_end_matches('"').parse().ok()
    };
    match (bound(&one.1), bound(&other.1)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(overhead: u64) -> Count {
        Count::Statement {
            language: "pyspark",
            state: "ok",
            bytes: 100,
            overhead: Some(Duration::from_millis(overhead)),
        }
    }

    #[test]
    fn counts_are_written_as_prometheus_reads_them() {
        let mut counters = Counters::default();
        counters.add(statement(40));
        counters.add(statement(3000));
        counters.add(Count::Cell { language: "sql", end: "error" });
        counters.add(Count::Reconnect);
        let text = counters.text();
        for line in [
            "# TYPE livy_kernel_overhead_seconds histogram\nlivy_kernel_overhead_seconds_bucket{le=\"0.01\"} 0\n",
            "{le=\"0.05\"} 1\nlivy_kernel_overhead_seconds_bucket{le=\"0.1\"} 1\n",
            "{le=\"30\"} 2\nlivy_kernel_overhead_seconds_bucket{le=\"+Inf\"} 2\nlivy_kernel_overhead_seconds_count 2\n",
            "livy_kernel_overhead_seconds_sum 3.04\n",
            "livy_kernel_output_bytes_total 200\n",
            "livy_kernel_cells_total{language=\"sql\",end=\"error\"} 1\n",
            "livy_kernel_reconnects_total 1\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_was_written_is_read_and_added() {
        let mut counters = Counters::default();
        counters.add(statement(40));
        let mut twice = Counters::parse(&counters.text());
        assert_eq!(twice, counters);
        twice.merge(&counters);
        assert!(twice.text().contains("livy_kernel_output_bytes_total 200\n"));
    }

    #[test]
    fn lines_of_others_are_left_out() {
        let text = "nonsense\nlivy_kernel_reconnects_total many\nlivy_kernel_reconnects_total NaN\nother_total 3\n \n{} 1";
        assert!(Counters::parse(text).is_empty());
    }
}

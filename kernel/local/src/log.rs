//! The last lines that the process of a session or batch wrote.

use std::collections::VecDeque;

/// How many lines are kept: `livy.cache-log.size` of a real Livy.
const RETAINED_LINES: usize = 200;

/// How many lines are shown in the object of a session or batch.
const PREVIEW_LINES: i64 = 10;

/// The lines with which Livy begins each of the two streams. Spark's Java and all its children write to the second.
const HEADINGS: [&str; 2] = ["stdout: ", "\nstderr: "];

#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: VecDeque<String>,
    /// Whether all lines belong to the first stream.
    is_merged: bool,
}

impl Log {
    /// Makes the log of a batch, whose error stream goes into its output, as in Livy.
    pub(crate) fn of_batch() -> Self {
        Self { is_merged: true, ..Self::default() }
    }

    pub(crate) fn push(&mut self, line: String) {
        if self.lines.len() == RETAINED_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(crate) fn total(&self) -> usize {
        HEADINGS.len() + self.lines.len()
    }

    /// Returns the last few lines.
    pub(crate) fn preview(&self) -> Vec<&str> {
        self.page(-1, PREVIEW_LINES).1
    }

    /// Returns the number of the first line, and the lines. A negative `from` means the last `size` lines, and a
    /// negative `size` all lines.
    pub(crate) fn page(&self, from: i64, size: i64) -> (usize, Vec<&str>) {
        let size = usize::try_from(size).unwrap_or(self.total());
        let from = usize::try_from(from).unwrap_or(self.total().saturating_sub(size));
        let (before, after) = HEADINGS.split_at(if self.is_merged { 1 } else { 2 });
        let lines = self.lines.iter().map(String::as_str);
        let all = before.iter().copied().chain(lines).chain(after.iter().copied());
        (from, all.skip(from).take(size).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(lines: usize) -> Log {
        let mut log = Log::default();
        (0..lines).for_each(|n| log.push(format!("line {n}")));
        log
    }

    #[test]
    fn an_empty_log_has_livys_two_headings() {
        assert_eq!(log_of(0).page(-1, 100), (0, vec!["stdout: ", "\nstderr: "]));
    }

    #[test]
    fn keeps_the_last_200_lines() {
        let log = log_of(500);
        assert_eq!(log.total(), 202);
        assert_eq!(log.page(0, 3), (0, vec!["stdout: ", "\nstderr: ", "line 300"]));
    }

    #[test]
    fn a_negative_start_means_the_last_lines() {
        let log = log_of(500);
        assert_eq!(log.page(-1, 2), (200, vec!["line 498", "line 499"]));
        assert_eq!(log.page(-1, 100).0, 102);
        assert_eq!(log.page(300, 5), (300, vec![]));
    }
}

//! The last lines that the process of a session or batch wrote.

use std::collections::VecDeque;

const LINES: usize = 200;

/// Livy heads the lines of the two streams so. Spark's Java and everything it starts write to the second one.
const HEADINGS: [&str; 2] = ["stdout: ", "\nstderr: "];

#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: VecDeque<String>,
    /// All lines are of the first stream.
    merged: bool,
}

impl Log {
    /// Livy has a batch write its errors to its output.
    pub(crate) fn of_batch() -> Self {
        Self { merged: true, ..Self::default() }
    }

    pub(crate) fn push(&mut self, line: String) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(crate) fn total(&self) -> usize {
        HEADINGS.len() + self.lines.len()
    }

    /// The first line's number and the lines; a negative `from` means the last `size` lines, a negative `size` all.
    pub(crate) fn page(&self, from: i64, size: i64) -> (usize, Vec<&str>) {
        let size = usize::try_from(size).unwrap_or(self.total());
        let from = usize::try_from(from).unwrap_or(self.total().saturating_sub(size));
        let (before, after) = HEADINGS.split_at(if self.merged { 1 } else { 2 });
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
    fn a_negative_start_means_the_tail() {
        let log = log_of(500);
        assert_eq!(log.page(-1, 2), (200, vec!["line 498", "line 499"]));
        assert_eq!(log.page(-1, 100).0, 102);
        assert_eq!(log.page(300, 5), (300, vec![]));
    }
}

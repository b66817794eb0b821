//! The last lines that a session's process wrote.

use std::collections::VecDeque;

const LINES: usize = 200;

/// Livy heads the lines of the two streams so. Spark's Java and everything it starts write to the second one.
const HEADINGS: [&str; 2] = ["stdout: ", "\nstderr: "];

#[derive(Debug, Default)]
pub(crate) struct Log(VecDeque<String>);

impl Log {
    pub(crate) fn push(&mut self, line: String) {
        if self.0.len() == LINES {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    pub(crate) fn total(&self) -> usize {
        HEADINGS.len() + self.0.len()
    }

    /// The first line's number and the lines; a negative `from` means the last `size` lines, a negative `size` all.
    pub(crate) fn page(&self, from: i64, size: i64) -> (usize, Vec<&str>) {
        let size = usize::try_from(size).unwrap_or(self.total());
        let from = usize::try_from(from).unwrap_or(self.total().saturating_sub(size));
        let lines = HEADINGS.into_iter().chain(self.0.iter().map(String::as_str));
        (from, lines.skip(from).take(size).collect())
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

//! Following a log of which the server keeps only the last lines.

use std::collections::BTreeMap;

/// What has been seen of a log. Livy keeps the last lines of stdout and of stderr one after the
/// other, under headings, so each part moves by itself.
#[derive(Debug, Default)]
pub struct Follower {
    parts: BTreeMap<String, Vec<String>>,
}

/// Stands where the server has dropped lines that nobody has seen.
const GAP: &str = "(some lines were not kept by the server)";

impl Follower {
    /// The lines that are new in what the server keeps now.
    pub fn new_lines(&mut self, log: &[String]) -> Vec<String> {
        let mut new = Vec::new();
        for (heading, lines) in parts(log) {
            let seen = self.parts.entry(heading).or_default();
            let known = overlap(seen, &lines);
            if known == 0 && !seen.is_empty() && !lines.is_empty() {
                new.push(GAP.to_owned());
            }
            new.extend_from_slice(&lines[known..]);
            *seen = lines;
        }
        new
    }
}

fn parts(log: &[String]) -> Vec<(String, Vec<String>)> {
    let mut parts = vec![(String::new(), Vec::new())];
    for line in log {
        match is_heading(line) {
            true => parts.push((line.clone(), Vec::new())),
            false => parts.last_mut().into_iter().for_each(|(_, lines)| lines.push(line.clone())),
        }
    }
    parts
}

fn is_heading(line: &str) -> bool {
    matches!(line.trim(), "stdout:" | "stderr:" | "YARN Diagnostics:")
}

/// How many lines at the start of `now` were the end of `before`.
fn overlap(before: &[String], now: &[String]) -> usize {
    (0..=before.len().min(now.len()))
        .rev()
        .find(|&count| before[before.len() - count..] == now[..count])
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace()
            .map(|word| match word {
                "OUT" => "stdout: ".to_owned(),
                "ERR" => "\nstderr: ".to_owned(),
                word => word.to_owned(),
            })
            .collect()
    }

    #[track_caller]
    fn check(steps: &[(&str, &str)]) {
        let mut follower = Follower::default();
        for (log, new) in steps {
            assert_eq!(follower.new_lines(&lines(log)), lines(new), "{log}");
        }
    }

    #[test]
    fn each_line_is_shown_once_while_the_log_grows_and_moves() {
        check(&[("a b", "a b"), ("a b", ""), ("a b c", "c"), ("c d e", "d e"), ("e", "")]);
    }

    #[test]
    fn stdout_and_stderr_move_apart() {
        check(&[
            ("OUT ERR", ""),
            ("OUT a ERR x", "a x"),
            ("OUT a b ERR x y", "b y"),
            ("OUT b c ERR y z", "c z"),
        ]);
    }

    #[test]
    fn lines_that_nobody_could_see_are_said_to_be_missing() {
        let mut follower = Follower::default();
        follower.new_lines(&lines("a b"));
        assert_eq!(follower.new_lines(&lines("m n")), [GAP, "m", "n"]);
    }
}

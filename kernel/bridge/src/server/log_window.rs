//! Finds the new lines in a log of which the server keeps only the last ones. Pure.

use std::time::Duration;

/// The pauses between two looks while lines come. A server keeps 200 lines of each stream, so even
/// a line a millisecond is seen as long as the pause is shorter than that.
const SHORTEST_LOG_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_LOG_PAUSE: Duration = Duration::from_millis(100);
/// After this long without a line, frequent looks would only burden the server.
const QUIET_LOG_AFTER: Duration = Duration::from_secs(60);
const QUIET_LOG_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before the next look when no line has come for `quiet`.
pub fn pause(quiet: Duration) -> Duration {
    match quiet < QUIET_LOG_AFTER {
        true => (quiet / 10).clamp(SHORTEST_LOG_PAUSE, LONGEST_LOG_PAUSE),
        false => QUIET_LOG_PAUSE,
    }
}

/// Livy's first heading, which stands at the very start of a log.
const STDOUT: &str = "stdout: ";
/// Livy's other headings. Lines of a log have no line breaks in them, so nothing that a program prints is
/// like these.
const LATER_HEADINGS: [&str; 3] =
    ["\nstderr: ", "\nYARN Diagnostics: ", "\nKubernetes Diagnostics: "];

/// The lines of each stream: the program's stdout and stderr, and what the cluster says of it.
fn streams(log: &[String]) -> Vec<&[String]> {
    let mut rest = log.strip_prefix(&[STDOUT.to_owned()][..]).unwrap_or(log);
    let mut streams = Vec::new();
    for heading in LATER_HEADINGS {
        let at = rest.iter().position(|line| line == heading);
        streams.push(&rest[..at.unwrap_or(rest.len())]);
        rest = at.map_or(&[], |at| &rest[at + 1..]);
    }
    streams.push(rest);
    streams
}

/// The lines without headings, those of stderr after those of stdout, as Livy has them.
pub fn lines(log: &[String]) -> Vec<String> {
    streams(log).concat()
}

/// What has been seen of a log. Each stream grows by itself.
#[derive(Debug, Default)]
pub struct LogWindow {
    seen: [Vec<String>; LATER_HEADINGS.len() + 1],
}

/// What is new in a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The new lines.
    pub lines: Vec<String>,
    /// Whether the server has dropped lines before them that were never seen.
    pub gap: bool,
}

impl LogWindow {
    /// Returns what is new in what the server keeps now.
    pub fn news(&mut self, log: &[String]) -> News {
        let mut news = News::default();
        for (number, (seen, now)) in self.seen.iter_mut().zip(streams(log)).enumerate() {
            // An answer without lines, or with fewer than before, has nothing new.
            if is_part(now, seen) {
                continue;
            }
            let known = overlap(seen, now);
            // What the cluster says is no stream: it is replaced.
            news.gap |= known == 0 && !seen.is_empty() && number < 2;
            news.lines.extend_from_slice(&now[known..]);
            *seen = now.to_vec();
        }
        news
    }
}

fn is_part(now: &[String], seen: &[String]) -> bool {
    now.is_empty() || seen.windows(now.len()).any(|part| part == now)
}

/// How many lines at the start of `now` were the end of `before`: the most that there can be, so
/// that no line is shown twice.
fn overlap(before: &[String], now: &[String]) -> usize {
    (0..=before.len().min(now.len()))
        .rev()
        .find(|&count| before[before.len() - count..] == now[..count])
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Vec<String> {
        let line = |word| match word {
            "OUT" => STDOUT,
            "ERR" => LATER_HEADINGS[0],
            "YARN" => LATER_HEADINGS[1],
            word => word,
        };
        text.split_whitespace().map(|word| line(word).to_owned()).collect()
    }

    /// Logs, and what is new in each; `…` first says that lines are missing.
    #[track_caller]
    fn check(steps: &[(&str, &str)]) {
        let mut window = LogWindow::default();
        for (now, new) in steps {
            let (gap, new) = new.strip_prefix('…').map_or((false, *new), |new| (true, new));
            assert_eq!(window.news(&log(now)), News { lines: log(new), gap }, "{now}");
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
    fn an_empty_or_a_shorter_answer_makes_nothing_be_shown_again() {
        check(&[
            ("OUT a b ERR x", "a b x"),
            ("", ""),
            ("OUT ERR", ""),
            ("OUT a ERR x", ""),
            ("OUT a b c ERR x", "c"),
        ]);
    }

    #[test]
    fn what_only_looks_like_a_heading_is_a_line() {
        check(&[
            ("OUT stdout: stderr: ERR", "stdout: stderr:"),
            ("OUT stdout: stderr: OUT a ERR OUT stderr:", "OUT a OUT stderr:"),
        ]);
        assert_eq!(lines(&log("OUT stderr: OUT ERR OUT x")), log("stderr: OUT OUT x"));
        assert_eq!(lines(&log("a OUT")), log("a OUT"));
    }

    #[test]
    fn lines_that_nobody_could_see_are_said_to_be_missing() {
        check(&[("OUT a b ERR x", "a b x"), ("OUT m n ERR x y", "…m n y"), ("OUT m n ERR y", "")]);
    }

    #[test]
    fn what_the_cluster_says_is_replaced_and_not_missing() {
        check(&[("OUT ERR x YARN a", "x a"), ("OUT ERR x y YARN b", "y b")]);
    }

    #[test]
    fn equal_lines_are_counted_until_the_server_drops_some() {
        check(&[("a a", "a a"), ("a a a a", "a a"), ("a a a a", "")]);
    }

    #[test]
    fn looks_are_hurried_only_while_lines_come() {
        let pause = |ms| pause(Duration::from_millis(ms)).as_millis();
        assert_eq!([pause(0), pause(800), pause(5_000), pause(90_000)], [20, 80, 100, 1000]);
    }
}

//! What this kernel has run, for `history_request`.

use jupyter_wire::content::{HistAccessType, HistoryEntry, HistoryRequest};

/// The inputs of one session, in order.
#[derive(Debug, Default)]
pub struct History {
    inputs: Vec<Input>,
}

#[derive(Debug)]
struct Input {
    line: u32,
    code: String,
}

/// This kernel's session number: there is no other session that it knows of.
const SESSION: i64 = 1;

impl History {
    /// Keeps an input.
    pub fn add(&mut self, line: u32, code: &str) {
        self.inputs.push(Input { line, code: code.to_owned() });
    }

    /// Answers <https://jupyter-client.readthedocs.io/en/stable/messaging.html#history>.
    pub fn find(&self, request: &HistoryRequest) -> Vec<(i64, u32, HistoryEntry)> {
        let found = match request.hist_access_type {
            HistAccessType::Range => self.range(request),
            HistAccessType::Search => self.search(request),
            HistAccessType::Tail => last(self.inputs.iter().collect(), request.n),
        };
        found.into_iter().map(|input| (SESSION, input.line, entry(input, request.output))).collect()
    }

    /// Lines `start` up to, without, `stop` of this session, which is 0 or 1 to a frontend.
    fn range(&self, request: &HistoryRequest) -> Vec<&Input> {
        let this_session = matches!(request.session, 0 | SESSION);
        let stop = request.stop.unwrap_or(i64::MAX);
        let within = |input: &&Input| (request.start..stop).contains(&i64::from(input.line));
        self.inputs.iter().filter(|_| this_session).filter(within).collect()
    }

    fn search(&self, request: &HistoryRequest) -> Vec<&Input> {
        let pattern: Vec<char> = request.pattern.as_deref().unwrap_or("*").chars().collect();
        let mut found: Vec<&Input> = self
            .inputs
            .iter()
            .filter(|input| matches(&pattern, &input.code.chars().collect::<Vec<_>>()))
            .collect();
        if request.unique {
            keep_last_of_equals(&mut found);
        }
        last(found, request.n)
    }
}

fn entry(input: &Input, with_output: bool) -> HistoryEntry {
    match with_output {
        true => HistoryEntry::InputOutput(input.code.clone(), None),
        false => HistoryEntry::Input(input.code.clone()),
    }
}

fn last(mut inputs: Vec<&Input>, n: Option<i64>) -> Vec<&Input> {
    let most = n.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0));
    let from = inputs.len().saturating_sub(most);
    inputs.split_off(from)
}

fn keep_last_of_equals(inputs: &mut Vec<&Input>) {
    let mut seen = std::collections::HashSet::new();
    inputs.reverse();
    inputs.retain(|input| seen.insert(input.code.as_str()));
    inputs.reverse();
}

/// Whether a text matches a glob of `*` and `?`: the classic walk that remembers the last star.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(request: Value, expected: Value) {
        let mut history = History::default();
        for (line, code) in (1..).zip(["a = 1", "b = 2", "a = 1", "print(a)"]) {
            history.add(line, code);
        }
        let request: HistoryRequest = serde_json::from_value(request).unwrap();
        let found = serde_json::to_value(history.find(&request)).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_tail_is_the_last_inputs() {
        check(
            json!({"hist_access_type": "tail", "n": 2}),
            json!([[1, 3, "a = 1"], [1, 4, "print(a)"]]),
        );
    }

    #[test]
    fn a_range_leaves_its_stop_out() {
        check(
            json!({"hist_access_type": "range", "session": 0, "start": 2, "stop": 3}),
            json!([[1, 2, "b = 2"]]),
        );
        check(
            json!({"hist_access_type": "range", "session": -5, "start": 0, "stop": 9}),
            json!([]),
        );
    }

    #[test]
    fn a_search_is_a_glob_and_may_be_unique() {
        check(
            json!({"hist_access_type": "search", "pattern": "a*", "unique": true}),
            json!([[1, 3, "a = 1"]]),
        );
        check(
            json!({"hist_access_type": "search", "pattern": "*?(a)"}),
            json!([[1, 4, "print(a)"]]),
        );
    }

    #[test]
    fn output_makes_pairs() {
        check(
            json!({"hist_access_type": "tail", "n": 1, "output": true}),
            json!([[1, 4, ["print(a)", null]]]),
        );
    }
}

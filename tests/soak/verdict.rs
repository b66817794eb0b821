//! What must be true of all that a frontend has seen. Pure.

use serde_json::Value;

use crate::support::{Message, Proxy};

/// A cell that was sent.
#[derive(Debug)]
pub struct Cell {
    pub msg_id: String,
    pub code: String,
    /// Its kernel was killed before Livy had it.
    pub may_be_lost: bool,
    /// How often its kernel was killed between showing what it gave and writing that down.
    pub may_show_again: usize,
    /// The same between answering it and writing that down.
    pub may_answer_again: usize,
}

impl Cell {
    /// What it prints last.
    fn text(&self) -> Option<&str> {
        self.code.lines().rev().find_map(|line| line.strip_prefix("echo "))
    }
}

/// What a kernel has written down of its cells.
pub struct Record(Vec<Value>);

impl Record {
    pub fn read(text: &str) -> Self {
        let record: Value = serde_json::from_str(text).unwrap_or_default();
        Self(record["cells"].as_array().cloned().unwrap_or_default())
    }

    fn of<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(|noted| noted.to_string().contains(&cell.msg_id))
    }

    pub fn has(&self, cell: &Cell) -> bool {
        self.of(cell).next().is_some()
    }

    pub fn has_not_shown(&self, cell: &Cell) -> bool {
        self.of(cell).any(|noted| noted["silent"] == false)
    }
}

/// The lines of an audit that are about statements.
#[derive(Debug)]
pub struct Audit(Vec<Value>);

impl Audit {
    pub fn read(text: &str) -> Self {
        let lines =
            text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a whole line"));
        Self(lines.filter(|line| line["event"] == "statement").collect())
    }

    fn of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |line| line["code"] == code)
    }

    pub fn has(&self, code: &str) -> bool {
        self.of(code).next().is_some()
    }

    /// Each statement that Livy has got is told once. Whether it has got one is not always known, if its session is
    /// gone.
    pub fn check(&self, seed: u64, cells: &[Cell], network: &Proxy) {
        let (asked, accepted) = (network.codes(), network.accepted_codes());
        for cell in cells {
            let told: Vec<&Value> = self.of(&cell.code).collect();
            let is_told_right = match &told[..] {
                [] => !accepted.contains(&cell.code),
                [line] => asked.contains(&cell.code) || line["state"] == "unknown",
                _ => false,
            };
            assert!(is_told_right, "seed {seed}: {cell:#?}\n{told:#?}");
        }
    }
}

/// All messages that came.
#[derive(Debug)]
pub struct Seen(pub Vec<Message>);

impl Seen {
    fn of<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = &'a Message> {
        self.0.iter().filter(|message| message.parent_header["msg_id"] == cell.msg_id)
    }

    fn replies<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = &'a Message> {
        self.of(cell).filter(|message| message.msg_type() == "execute_reply")
    }

    pub fn has_reply(&self, cell: &Cell) -> bool {
        self.replies(cell).next().is_some()
    }

    pub fn has_ended(&self, cell: &Cell) -> bool {
        self.has_reply(cell) && self.of(cell).any(|message| message.is_status("idle"))
    }

    pub fn is_ok(&self, cell: &Cell) -> bool {
        self.replies(cell).any(|reply| reply.content["status"] == "ok")
    }

    fn has_error(&self, cell: &Cell) -> bool {
        self.of(cell).any(|message| message.msg_type() == "error")
    }

    /// The texts that were shown which have this in them, and to whom.
    fn showing<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Message> {
        let shows = move |message: &&Message| {
            matches!(message.msg_type(), "stream" | "execute_result" | "display_data")
                && message.content.to_string().contains(text)
        };
        self.0.iter().filter(shows)
    }

    pub fn shows(&self, cell: &Cell) -> bool {
        cell.text().is_some_and(|text| self.showing(text).next().is_some())
    }

    pub fn check(&self, seed: u64, cells: &[Cell], ran: &[String]) {
        for cell in cells {
            let at = format!("seed {seed}: {cell:#?}\n{:#?}", self.of(cell).collect::<Vec<_>>());
            let runs = ran.iter().filter(|code| **code == cell.code).count();
            assert!(runs <= 1, "it ran {runs} times; {at}");
            let replies = self.replies(cell).count();
            assert!(replies <= 1 + cell.may_answer_again, "it has {replies} replies; {at}");
            let Some(text) = cell.text() else { continue };
            let shown: Vec<_> = self.showing(text).collect();
            let elsewhere =
                shown.iter().any(|message| message.parent_header["msg_id"] != cell.msg_id);
            assert!(!elsewhere, "its output is another's; {at}");
            assert!(shown.len() <= 1 + cell.may_show_again, "its output is shown twice; {at}");
            if self.is_ok(cell) {
                // A session may end between two kernels; then the second says that this is not known.
                let is_told = !shown.is_empty() || self.has_error(cell);
                assert_eq!((runs, is_told), (1, true), "it is ok without having run; {at}");
            }
        }
    }
}

//! What can go wrong, as values.

use std::time::Duration;

use bytes::Bytes;

use super::http::Asked;

/// What the network does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It works, but for the faults that are planned.
    Up,
    /// Nobody listens.
    Refuses,
    /// Connections are accepted, and then nothing is said.
    Hangs,
    /// Connections are reset.
    Resets,
    /// Requests arrive, but the connection ends before their answers.
    LosesAnswers,
    /// A web page is answered, as by a login page in front of Livy.
    Answers(&'static str),
}

impl Network {
    /// What it does to every request.
    pub fn fault(self) -> Option<Fault> {
        match self {
            Self::Up | Self::Refuses => None,
            Self::Hangs => Some(Fault::Hang),
            Self::Resets => Some(Fault::ResetUnread),
            Self::LosesAnswers => Some(Fault::LoseAnswer),
            Self::Answers(page) => Some(Fault::Answer(Answer::page(200, page))),
        }
    }
}

/// What happens to one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is reset before the request was read.
    ResetUnread,
    /// The connection is reset when the request was read; Livy never gets it.
    ResetRead,
    /// Nothing is answered; Livy never gets the request.
    Hang,
    /// This is answered; Livy never gets the request.
    Answer(Answer),
    /// Livy gets the request, and the connection is reset before the answer.
    LoseAnswer,
    /// Livy gets the request, and nothing is answered.
    HoldAnswer,
    /// Livy gets the request, and something else is answered.
    ReplaceAnswer(Answer),
    /// The connection ends in the middle of Livy's answer.
    Truncate,
    /// Nothing more comes after the first half of Livy's answer.
    Stall,
    /// Livy's answer comes in so many pieces, with this pause before each.
    Trickle { pieces: usize, pause: Duration },
    /// The connection ends after Livy's answer, which had said nothing of that.
    CloseAfter,
}

/// An answer that is not Livy's.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: String,
    body: Bytes,
}

impl Answer {
    /// A status without words.
    pub fn status(status: u16) -> Self {
        Self { status, headers: String::new(), body: Bytes::new() }
    }

    pub fn page(status: u16, html: &str) -> Self {
        Self { body: html.to_owned().into(), ..Self::status(status) }
            .with("Content-Type", "text/html")
    }

    pub fn json(json: impl Into<String>) -> Self {
        Self { body: json.into().into(), ..Self::status(200) }
            .with("Content-Type", "application/json")
    }

    /// The same with another status.
    pub fn of_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub fn redirect(location: &str) -> Self {
        Self::status(302).with("Location", location)
    }

    /// The same with a wish to be left alone for a while.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with("Retry-After", &seconds.to_string())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let Self { status, headers, body } = self;
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }
}

/// Which of the requests to come go wrong.
#[derive(Default)]
pub struct Plan(Vec<Rule>);

struct Rule {
    asked: Asked,
    fault: Fault,
    /// So many requests pass before it applies.
    pass: u32,
    /// So many pass before it applies again, if it does.
    then: Option<u32>,
}

impl Plan {
    pub fn once(&mut self, asked: Asked, fault: Fault) {
        self.0.push(Rule { asked, fault, pass: 0, then: None });
    }

    pub fn every(&mut self, n: u32, asked: Asked, fault: Fault) {
        self.0.push(Rule { asked, fault, pass: n - 1, then: Some(n - 1) });
    }

    /// What happens to the request that has come. Of several rules that apply the oldest does, and
    /// the others wait for the next request.
    pub fn take(&mut self, asked: Asked) -> Option<Fault> {
        let mut due = None;
        for (index, rule) in self.0.iter_mut().enumerate().filter(|(_, rule)| rule.asked == asked) {
            match rule.pass {
                0 => due = due.or(Some(index)),
                _ => rule.pass -= 1,
            }
        }
        let due = due?;
        let Some(then) = self.0[due].then else {
            return Some(self.0.remove(due).fault);
        };
        self.0[due].pass = then;
        Some(self.0[due].fault.clone())
    }
}

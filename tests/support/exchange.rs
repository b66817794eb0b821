//! One request, and everything that the kernel says because of it.

use std::{panic::Location, time::Duration};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Message, PATIENCE, within};

/// A request that was sent. What comes is awaited in the order in which it must come.
pub struct Exchange {
    /// The request's `msg_id`.
    pub msg_id: String,
    msg_type: String,
    replies: UnboundedReceiver<Message>,
    iopub: UnboundedReceiver<Message>,
    /// What has come so far, for the failure of a test.
    seen: Vec<String>,
}

/// An exchange that has ended.
#[derive(Debug)]
pub struct Done {
    /// What was published between busy and idle.
    pub published: Vec<Message>,
    pub reply: Message,
    idle: Message,
}

impl Exchange {
    pub fn new(
        msg_id: String,
        msg_type: &str,
        replies: UnboundedReceiver<Message>,
        iopub: UnboundedReceiver<Message>,
    ) -> Self {
        Self { msg_id, msg_type: msg_type.to_owned(), replies, iopub, seen: Vec::new() }
    }

    #[track_caller]
    pub fn recv_busy(&mut self) -> impl Future<Output = ()> {
        self.recv_status("busy", Location::caller())
    }

    #[track_caller]
    pub fn recv_idle(&mut self) -> impl Future<Output = ()> {
        self.recv_status("idle", Location::caller())
    }

    #[track_caller]
    pub fn recv_input(&mut self, code: &str, count: u32) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let input = self.recv_at("execute_input", at).await.content;
            assert_eq!((&input["code"], &input["execution_count"]), (&code.into(), &count.into()));
        }
    }

    #[track_caller]
    pub fn recv_stream(&mut self, text: &str) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let stream = self.recv_at("stream", at).await.content;
            assert_eq!(
                (&stream["name"], &stream["text"]),
                (&"stdout".into(), &text.into()),
                "{at}"
            );
        }
    }

    /// The next message on iopub, which must be of this type.
    #[track_caller]
    pub fn recv(&mut self, msg_type: &str) -> impl Future<Output = Message> {
        self.recv_at(msg_type, Location::caller())
    }

    /// Waits for the display that says how the start of a session goes.
    #[track_caller]
    pub fn recv_session_start(&mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            self.recv_at("status", at).await;
            self.recv_at("execute_input", at).await;
            loop {
                let notice = self.published(at, "the start of a session").await;
                assert!(notice.msg_type().ends_with("display_data"), "{at}: {notice:?}");
                if notice.content["data"]["text/plain"].to_string().contains("is starting") {
                    return;
                }
            }
        }
    }

    #[track_caller]
    pub fn recv_reply(&mut self) -> impl Future<Output = Message> {
        self.reply_at(PATIENCE, Location::caller())
    }

    #[track_caller]
    pub fn recv_reply_within(&mut self, limit: Duration) -> impl Future<Output = Message> {
        self.reply_at(limit, Location::caller())
    }

    /// Waits until it has ended. Whatever it is about, there is one busy at first, then what was
    /// published, then the reply, and one idle at last.
    #[track_caller]
    pub fn end(&mut self) -> impl Future<Output = Done> {
        self.end_at(Location::caller())
    }

    pub async fn end_at(&mut self, at: &Location<'_>) -> Done {
        let (published, idle) = self.until_idle(at).await;
        let reply = self.reply_at(PATIENCE, at).await;
        let late = published.iter().find(|message| message.date() > reply.date());
        assert!(late.is_none(), "{at}: after the reply came {late:?}");
        assert!(reply.date() <= idle.date(), "{at}: the reply came after idle");
        Done { published, reply, idle }
    }

    /// The same for what has no reply.
    #[track_caller]
    pub fn end_without_reply(&mut self) -> impl Future<Output = Vec<Message>> {
        let at = Location::caller();
        async move { self.until_idle(at).await.0 }
    }

    /// Nothing more has come. To be called when something later has been answered.
    #[track_caller]
    pub fn is_over(&mut self) {
        let more: Vec<_> = [&mut self.replies, &mut self.iopub]
            .into_iter()
            .flat_map(|messages| std::iter::from_fn(|| messages.try_recv().ok()))
            .collect();
        assert!(more.is_empty(), "{} was answered further: {more:?}", self.msg_type);
    }

    /// What is still to come before idle, and idle.
    async fn until_idle(&mut self, at: &Location<'_>) -> (Vec<Message>, Message) {
        if self.seen.is_empty() {
            self.recv_status("busy", at).await;
        }
        let mut published = Vec::new();
        loop {
            let message = self.published(at, "idle").await;
            assert!(!message.is_status("busy"), "{at}: busy came twice");
            if message.is_status("idle") {
                return (published, message);
            }
            published.push(message);
        }
    }

    async fn recv_status(&mut self, state: &str, at: &Location<'_>) {
        let status = self.published(at, state).await;
        assert!(status.is_status(state), "{at}: {state} was awaited, and {} came", self.last());
    }

    async fn recv_at(&mut self, msg_type: &str, at: &Location<'_>) -> Message {
        let message = self.published(at, msg_type).await;
        let awaited = message.msg_type() == msg_type;
        assert!(awaited, "{at}: {msg_type} was awaited, and {} came", self.last());
        message
    }

    pub async fn reply_at(&mut self, limit: Duration, at: &Location<'_>) -> Message {
        let what = self.describe("the reply");
        let reply = within(limit, at, &what, self.replies.recv()).await;
        let reply = reply.unwrap_or_else(|| panic!("{at}: the kernel has gone before {what}"));
        assert_eq!(reply.msg_type(), self.msg_type.replace("_request", "_reply"), "{at}");
        reply
    }

    async fn published(&mut self, at: &Location<'_>, what: &str) -> Message {
        let what = self.describe(what);
        let message = within(PATIENCE, at, &what, self.iopub.recv()).await;
        let message = message.unwrap_or_else(|| panic!("{at}: the kernel has gone before {what}"));
        self.seen.push(format!("{message:?}"));
        message
    }

    fn describe(&self, what: &str) -> String {
        format!("{what} of {}, after {:#?},", self.msg_type, self.seen)
    }

    fn last(&self) -> &str {
        self.seen.last().map_or("nothing", String::as_str)
    }
}

impl Done {
    pub fn status(&self) -> &str {
        self.reply.content["status"].as_str().unwrap_or_default()
    }

    /// How long after the reply the kernel said that it is idle.
    pub fn idle_after(&self) -> Duration {
        self.idle.time().saturating_sub(self.reply.time())
    }

    /// What a cell showed: all but its input, and how the start of its session went.
    pub fn outputs(&self) -> Vec<&Message> {
        let is_output = |message: &&Message| {
            message.msg_type() != "execute_input"
                && message.content["transient"]["display_id"].is_null()
        };
        self.published.iter().filter(is_output).collect()
    }

    /// What a cell showed, which is one thing of this type.
    #[track_caller]
    pub fn only(&self, msg_type: &str) -> &Value {
        match &self.outputs()[..] {
            [message] if message.msg_type() == msg_type => &message.content,
            _ => panic!("one {msg_type} was expected: {self:#?}"),
        }
    }

    /// The text of a cell that showed nothing else, be it printed or a value.
    #[track_caller]
    pub fn text(&self) -> &str {
        let text = match &self.outputs()[..] {
            [one] if one.msg_type() == "stream" => one.content["text"].as_str(),
            [one] => one.content["data"]["text/plain"].as_str(),
            _ => None,
        };
        text.unwrap_or_else(|| panic!("one text was expected: {self:#?}")).trim_end()
    }

    /// The one error of a cell, which the reply repeats.
    #[track_caller]
    pub fn error(&self) -> Failed {
        let errors: Vec<_> = self.published.iter().filter(|m| m.msg_type() == "error").collect();
        let [error] = errors[..] else { panic!("one error was expected: {self:#?}") };
        assert_eq!(self.status(), "error");
        for field in ["ename", "evalue", "traceback"] {
            assert_eq!(error.content[field], self.reply.content[field], "{field}");
        }
        let traceback = error.content["traceback"].as_array().expect("a traceback").iter();
        Failed {
            ename: error.content["ename"].as_str().expect("a name").to_owned(),
            text: traceback
                .map(|line| line.as_str().expect("a line"))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    #[track_caller]
    pub fn is_ok(&self) {
        assert_eq!(self.status(), "ok", "{self:#?}");
    }
}

/// The error of a cell.
#[derive(Debug)]
pub struct Failed {
    pub ename: String,
    /// What a person reads.
    pub text: String,
}

impl Failed {
    #[track_caller]
    pub fn says(&self, ename: &str, words: &[&str]) {
        assert_eq!(self.ename, ename, "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word:?} is not in {:?}", self.text);
        }
    }
}

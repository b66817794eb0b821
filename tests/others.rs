//! What others have made acts on nobody: statements of other people's, and words of a server's.

use livy_client::{
    Id, session,
    statement::{self, NewStatement},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Asked, Done, Fault, Frontend, Livy, Network, Proxy, named};

/// Would clear the screen, set the window's title, ring, go back, turn what follows, and hide.
const WICKED: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\r\u{8}\u{9b}31m\u{202e}\u{2066}\u{200d}";
const PNG: &str = "iVBORw0KGgoAAAANSUhEUg==";

/// Runs something in a session as somebody else does.
async fn run_elsewhere(livy: &Livy, session: &Id, code: &str) {
    let new = NewStatement { code: code.to_owned(), kind: None };
    let client = livy.client();
    let mut statement = client.send(statement::run(session, &new)).await.unwrap();
    while !statement.is_finished() {
        statement = client.send(statement::get(session, &statement.id)).await.unwrap();
    }
}

fn types(done: &Done) -> Vec<String> {
    let bundles = done.outputs().into_iter().filter_map(|m| m.content["data"].as_object().cloned());
    bundles.flat_map(|data| data.into_iter().map(|(mime, _)| mime)).collect()
}

/// All that was shown, in JSON that has every character as it came.
fn shown(done: &Done) -> String {
    fn texts(value: &Value, all: &mut String) {
        match value {
            Value::String(text) => *all += &format!("{text}\n"),
            Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
            Value::Object(fields) => fields.values().for_each(|field| texts(field, all)),
            _ => {}
        }
    }
    let mut all = String::new();
    done.published.iter().for_each(|message| texts(&message.content, &mut all));
    texts(&done.reply.content, &mut all);
    all
}

#[track_caller]
fn nothing_acts(text: &str) {
    let acts = |c: char| {
        c != '\n' && c != '\t' && c.is_control()
            || matches!(c, '\u{200d}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(acts), "{text:?}");
}

async fn joined(livy: &Livy) -> (Frontend, Id) {
    let session = livy.start_session("team").await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    frontend.run("%attach team").await.is_ok();
    (frontend, session)
}

#[tokio::test]
async fn what_others_have_sent_is_shown_without_what_could_act() {
    let livy = Livy::start().await;
    let (mut frontend, session) = joined(&livy).await;
    let html = json!({"text/html": "<script>alert(1)</script>", "image/svg+xml": "<svg/>",
        "text/plain": "the text", "image/png": PNG});
    run_elsewhere(&livy, &session, &format!("json {html}")).await;
    run_elsewhere(&livy, &session, &format!("echo {WICKED}")).await;
    run_elsewhere(&livy, &session, &format!("error {WICKED} {WICKED}")).await;

    let done = frontend.run("%replay").await;
    done.is_ok();
    assert_eq!(types(&done), ["image/png", "text/plain"]);
    let text = shown(&done);
    nothing_acts(&text);
    assert!(text.contains("the text") && !text.contains("alert(1)</script>\n"), "{text}");
    assert!(text.contains("image/svg+xml, text/html. `%replay --html` shows it"), "{text}");

    let done = frontend.run("%replay --html").await;
    assert!(types(&done).contains(&"text/html".to_owned()));
    assert!(!shown(&done).contains("Not shown"));
}

#[tokio::test]
async fn what_this_kernel_has_sent_is_shown_whole() {
    let livy = Livy::start().await;
    let (mut frontend, _) = joined(&livy).await;
    frontend.run("json {\"text/html\": \"<b>mine</b>\"}").await.is_ok();
    let done = frontend.run("%replay -n 1").await;
    assert_eq!(types(&done), ["text/html"]);
    assert!(!shown(&done).contains("Not shown"));
}

#[tokio::test]
async fn escape_sequences_of_a_server_are_shown_in_a_notebook() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    let wicked = json!({"id": 0, "name": livy.sessions().await[0].name, "state": "idle",
        "owner": null, "proxyUser": WICKED, "appId": "scripted-0",
        "appInfo": {"sparkUiUrl": format!("http://x/{WICKED}"), "driverLogUrl": "javascript:alert(1)"}});
    network.once(Asked::Session, Fault::ReplaceAnswer(Answer::json(wicked.to_string())));
    let info = frontend.run("%info").await;
    let text = shown(&info);
    assert!(text.contains("\\u001b[2J"), "{text}");
    nothing_acts(&text);
    assert!(!text.contains("href=\"http://x") && !text.contains("href=\"java"), "{text}");

    let refusal = Answer::json(json!({"msg": WICKED}).to_string());
    network.once(Asked::NewStatement, Fault::Answer(refusal.of_status(400)));
    let failed = frontend.run("echo hi").await;
    failed.error().says("LivyError", &["\\u001b[2J", "did not run"]);
    nothing_acts(&shown(&failed));

    livy.client().send(session::create(&named(&format!("livy-kernel-{WICKED}")))).await.unwrap();
    let sessions = frontend.run("%sessions --all").await;
    nothing_acts(&shown(&sessions));
    frontend.run(&format!("log {WICKED}")).await.is_ok();
    nothing_acts(&shown(&frontend.run("%logs").await));
    assert!(!frontend.kernel.stderr().contains('\u{1b}'));
}

#[tokio::test]
async fn a_configuration_is_told_and_kept_without_its_secrets() {
    let livy = Livy::start().await;
    let folder = TempDir::new().unwrap();
    let data = [("JUPYTER_DATA_DIR", folder.path().to_str().unwrap())];
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &data).await;
    let cell = r#"%%configure {"conf": {"spark.hadoop.fs.s3a.secret.key": "hidden-1", "a": "b"}}"#;
    let done = frontend.run(cell).await;
    done.is_ok();
    let told = done.only("display_data")["data"].to_string();
    assert!(told.contains("redacted") && !told.contains("hidden-1"), "{told}");
    let history = folder.path().join("livy-kernel/history/pyspark.jsonl");
    // A thread of its own writes it.
    while std::fs::read_to_string(&history).unwrap_or_default().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let kept = std::fs::read_to_string(&history).unwrap();
    assert!(
        kept.contains("spark.hadoop.fs.s3a.secret.key") && !kept.contains("hidden-1"),
        "{kept}"
    );
}

#[tokio::test]
async fn a_session_that_is_only_others_to_use_is_not_joined() {
    let livy = Livy::start().await;
    livy.start_session("team").await;
    let network = Proxy::to(&livy, Network::Up).await;
    network.always(Asked::Statements, Fault::Answer(Answer::status(403)));
    let mut frontend = Frontend::open("pyspark", &network.url()).await;
    let done = frontend.run("%attach team").await;
    assert_eq!(done.reply.content["ename"], "LivyError");
    assert!(shown(&done).contains("does not let you use session 0"), "{done:#?}");
    frontend.run("%detach").await;
    assert_eq!(network.count(Asked::NewStatement), 0);
}

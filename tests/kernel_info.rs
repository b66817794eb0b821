use std::time::Duration;

use serde_json::json;

use crate::support::{
    Channel, Frontend, Livy, Network, Proxy, ready, starting, waiting_for_hung_livy,
};

const AT_ONCE: Duration = Duration::from_millis(500);

/// Who the kernel is, asked on both channels.
async fn says_who_it_is_at_once(frontend: &mut Frontend) {
    for channel in Channel::BOTH {
        let mut request = frontend.send(channel, "kernel_info_request", json!({})).await;
        let reply = request.recv_reply_within(AT_ONCE).await;
        assert_eq!(reply.content["status"], "ok");
        assert_eq!(reply.content["implementation"], "livy-kernel");
        request.recv_busy().await;
        request.recv_idle().await;
    }
    frontend.beats().await;
}

#[tokio::test]
async fn it_names_the_protocol_and_the_language_of_each_kind() {
    let livy = Livy::start().await;
    let languages = [
        ("pyspark", "python", "text/x-python", ".py", "python"),
        ("spark", "scala", "text/x-scala", ".scala", "scala"),
        ("sparkr", "R", "text/x-rsrc", ".r", "r"),
        ("sql", "sql", "text/x-sql", ".sql", "sql"),
    ];
    for (kind, name, mimetype, file_extension, mode) in languages {
        let mut frontend = Frontend::open(kind, &livy.url()).await;
        let done = frontend.ask(Channel::Shell, "kernel_info_request", json!({})).await;
        let info = &done.reply.content;
        assert_eq!(info["protocol_version"], "5.5");
        assert_eq!(info["implementation"], "livy-kernel");
        for text in ["implementation_version", "banner"] {
            assert!(info[text].as_str().is_some_and(|text| !text.is_empty()), "{info:#}");
        }
        assert!(info["help_links"].is_array(), "{info:#}");
        assert_eq!(info["supported_features"], json!([]), "neither subshells nor a debugger");
        let language = &info["language_info"];
        assert_eq!(language["name"], name);
        assert_eq!(language["mimetype"], mimetype);
        assert_eq!(language["file_extension"], file_extension);
        assert_eq!(language["codemirror_mode"], mode);
        assert_eq!(language["pygments_lexer"], mode);
        assert!(language["version"].is_string());
    }
}

#[tokio::test]
async fn it_is_said_while_livy_refuses() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;

    says_who_it_is_at_once(&mut frontend).await;
    frontend.run("echo hi").await.error();
    says_who_it_is_at_once(&mut frontend).await;
}

#[tokio::test]
async fn it_is_said_while_livy_hangs() {
    let (_livy, _network, mut frontend, _cell) = waiting_for_hung_livy().await;
    says_who_it_is_at_once(&mut frontend).await;
}

#[tokio::test]
async fn it_is_said_while_a_session_starts() {
    let (_livy, mut frontend, _cell) = starting(Duration::from_secs(60)).await;
    says_who_it_is_at_once(&mut frontend).await;
}

#[tokio::test]
async fn it_is_said_while_a_cell_runs() {
    let (_livy, mut frontend) = ready().await;

    let mut cell = frontend.execute("sleep 60").await;
    cell.recv_busy().await;
    cell.recv_input("sleep 60", 1).await;
    says_who_it_is_at_once(&mut frontend).await;
}

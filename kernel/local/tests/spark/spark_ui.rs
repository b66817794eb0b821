//! The Spark UI answers only at the address that contains its key.

use livy_local::Server;
use serde_json::json;

use crate::{
    client::{Answer, Client},
    session::{Session, idle_session},
    spark_server::spark_server,
};

const PAGES: [&str; 12] = [
    "/",
    "/jobs/",
    "/jobs/job/?id=0",
    "/jobs/job/kill/?id=0",
    "/stages/stage/kill/?id=0",
    "/SQL/",
    "/environment/",
    "/executors/threadDump/?executorId=driver",
    "/api/v1/applications",
    "/metrics/json/",
    "/static/webui.css",
    "/no/such/page",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_spark_ui_answers_only_at_its_secret_address() {
    let Some((server, client)) = spark_server().await else { return };
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let described = "sc.setJobDescription('a secret query'); spark.range(9).count()";
    session.check_text(described, "9").await;
    let view = client.get(&session.path).await.json();
    let address = view["appInfo"]["sparkUiUrl"].as_str().unwrap().to_owned();
    let prefix = address.strip_prefix(&server.url()).unwrap().trim_end_matches('/').to_owned();
    assert!(prefix.starts_with("/ui/"), "{address}");

    sparks_own_port_refuses(&session).await;
    the_address_shows_all(&server, &prefix).await;
    other_hosts_methods_and_keys_are_refused(&server, &prefix).await;
    a_spark_that_was_started_again_refuses_too(&session).await;
    client.delete(&session.path).await;
    assert_eq!(browser(&server).get(&format!("{prefix}/jobs/")).await.status, 404);

    let off = idle_session(&client, json!({"conf": {"spark.ui.enabled": "false"}})).await;
    assert_eq!(client.get(&off).await.json()["appInfo"]["sparkUiUrl"], json!(null));
}

/// Makes a client that sends no token.
fn browser(server: &Server) -> Client {
    let authority = server.url().trim_start_matches("http://").to_owned();
    let headers = format!("Host: {authority}\r\n");
    Client { authority, headers }
}

async fn sparks_own(session: &Session<'_>) -> Client {
    let shown = session.run("pyspark", "print(spark.sparkContext.uiWebUrl)").await;
    let url = shown["data"]["text/plain"].as_str().unwrap();
    let authority = url.strip_prefix("http://").unwrap().to_owned();
    let headers = format!("Host: {authority}\r\n");
    Client { authority, headers }
}

async fn sparks_own_port_refuses(session: &Session<'_>) {
    let stranger = sparks_own(session).await;
    for page in PAGES {
        for method in ["GET", "POST"] {
            let answer = stranger.send(method, page, "").await;
            assert_eq!(answer.status, 403, "{page}: {answer:?}");
            assert!(!answer.text.contains("secret query"), "{page}: {answer:?}");
        }
    }
}

async fn the_address_shows_all(server: &Server, prefix: &str) {
    let browser = browser(server);
    let get = async |page: &str| browser.get(&format!("{prefix}{page}")).await;
    assert_eq!(get("/").await.header("location"), Some(format!("{prefix}/jobs/").as_str()));
    for page in ["/jobs/", "/SQL/", "/executors/", "/environment/", "/static/webui.css"] {
        let answer = get(page).await;
        assert_eq!(answer.status, 200, "{page}: {answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(links_elsewhere(&answer, prefix), Vec::<&str>::new(), "{page}");
    }
    assert!(get("/jobs/").await.text.contains("a secret query"));
    let css = get("/static/webui.css").await;
    assert!(css.header("content-type").unwrap().starts_with("text/css"), "{css:?}");
}

fn links_elsewhere<'a>(page: &'a Answer, prefix: &str) -> Vec<&'a str> {
    let links = page.text.split(['"', '\'']).collect::<Vec<_>>();
    let links = links.windows(2).filter(|pair| {
        ["href=", "src=", "action="].iter().any(|attribute| pair[0].ends_with(attribute))
    });
    let is_below = |link: &&str| link.starts_with(prefix) || link.starts_with(['#', '?']);
    links.map(|pair| pair[1]).filter(|link| !is_below(link)).collect()
}

async fn other_hosts_methods_and_keys_are_refused(server: &Server, prefix: &str) {
    let mut browser = browser(server);
    let kill = format!("{prefix}/jobs/job/kill/?id=0");
    assert_eq!(browser.send("POST", &kill, "").await.status, 405);
    assert_eq!(browser.get("/ui/00000000000000000000000000000000/jobs/").await.status, 404);
    browser.headers = "Host: evil.example\r\n".to_owned();
    assert_eq!(browser.get(&format!("{prefix}/jobs/")).await.status, 403);
}

async fn a_spark_that_was_started_again_refuses_too(session: &Session<'_>) {
    let again = "from pyspark.sql import SparkSession\nsc.stop()\n\
                 spark = SparkSession.builder.getOrCreate()\nspark.range(3).count()";
    session.check_text(again, "3").await;
    assert_eq!(sparks_own(session).await.get("/jobs/").await.status, 403);
}

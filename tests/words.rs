use std::time::Duration;

use crate::support::{Frontend, Livy};

/// The text of the one display that a magic of the kernel shows.
async fn told(frontend: &mut Frontend, cell: &str) -> String {
    let done = frontend.run(cell).await;
    done.is_ok();
    done.only("display_data")["data"]["text/plain"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn replacing_no_session_starts_none() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let cell = "%%configure -f\n{\n  # small\n  \"executorCores\": \"2\",\n}";
    let answer = told(&mut frontend, cell).await;
    assert_eq!(answer, "The next session gets {\"executorCores\":2}\n");
    assert!(told(&mut frontend, "%info").await.contains("none: the first cell starts one"));
    assert!(livy.sessions().await.is_empty());

    frontend.run("echo hi").await.is_ok();
    let info = told(&mut frontend, "%info").await;
    let configured = info.lines().find(|line| line.starts_with("Configured"));
    assert!(configured.is_some_and(|line| line.ends_with("{\"executorCores\":2}")), "{info}");
    let replaced = told(&mut frontend, "%%configure -f {\"executorCores\": 1}").await;
    assert!(replaced.contains("is ended. The one that starts now gets"), "{replaced}");
    livy.until_sessions(1).await;
}

#[tokio::test]
async fn a_key_of_another_service_is_explained() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let cell =
        "%%configure -f\n{\"defaultLakehouse\": {\"name\": \"sales\"}, \"driverMemory\": \"2g\"}";
    let answer = told(&mut frontend, cell).await;
    assert!(answer.contains("{\"driverMemory\":\"2g\"}\ndefaultLakehouse is left out"), "{answer}");
}

#[tokio::test]
async fn magics_agree_on_a_session_that_starts() {
    let livy = Livy::slow(Duration::from_secs(3)).await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    frontend.run("%%configure {\"driverMemory\": \"1g\"}").await.is_ok();
    let mut cell = frontend.execute("echo hi").await;
    livy.until_sessions(1).await;
    let id = livy.sessions().await[0].id.clone();
    frontend.interrupt().await;
    cell.end().await.error();

    let info = told(&mut frontend, "%info").await;
    assert!(info.contains(&format!("{id} is starting on")), "{info}");
    let listed = told(&mut frontend, "%sessions").await;
    assert!(listed.contains("this notebook's"), "{listed}");
    assert!(!told(&mut frontend, "%logs").await.contains("no session"));
    let refused = frontend.run("%%configure {\"driverMemory\": \"2g\"}").await;
    refused.error().says("ConfigureError", &[&format!("session {id} has started already")]);
}

#[tokio::test]
async fn a_query_on_the_line_of_its_magic_runs() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("sql", &livy.url()).await;
    let before = livy.codes().await.len();

    for cell in ["%%sql SELECT 1", "%sql SELECT 2", "%%sql -q SELECT 3\n, 4"] {
        frontend.run(cell).await;
    }
    assert_eq!(livy.codes().await[before..], ["SELECT 1", "SELECT 2", "SELECT 3\n, 4"]);
}

#[tokio::test]
async fn a_magic_below_code_runs_nothing_and_says_what_to_write() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("spark", &livy.url()).await;
    let before = livy.codes().await.len();

    let refused = frontend.run("echo hi\n%%sql\nSELECT 1").await;
    refused
        .error()
        .says("UsageError", &["Put %%sql, and what belongs to it, into a cell of its own"]);
    assert_eq!(livy.codes().await.len(), before);
}

#[tokio::test]
async fn a_cell_of_another_language_can_be_timed() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let done = frontend.run("%%time\n%%scalaspark\necho hi").await;
    let [result, time] = &done.outputs()[..] else { panic!("{done:#?}") };
    assert_eq!(result.content["text"], "hi\n");
    assert!(time.content["text"].as_str().unwrap().starts_with("Wall time: "), "{done:#?}");
}

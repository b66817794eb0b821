use serde_json::json;

use super::{
    fake::{all_like, serve},
    json_of, livy_kernel, stderr, stdout,
};

#[tokio::test]
async fn one_that_cannot_be_ended_does_not_save_the_others() {
    let url = serve(all_like(json!({}), &["2", "4"])).await;
    let output = livy_kernel(&url, &["batch", "kill", "1", "2", "3", "4"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "2 was ended\n4 was ended\n");
    for id in ["1", "3"] {
        let failure = format!("{id} could not be ended: Livy refused: Batch '{id}' not found.");
        assert!(stderr(&output).contains(&failure), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn a_number_that_may_be_that_of_several_servers_ends_nothing() {
    let server = |name: &str| serve(all_like(json!({"id": 2, "name": name}), &["2", "one", "two"]));
    let (one, two) = (server("one").await, server("two").await);
    let both = livy_kernel(&format!("{one},{two}"), &["session", "kill", "2"]).await;
    assert_eq!(both.status.code(), Some(1));
    assert!(stderr(&both).contains("several Livys of yours have the id 2: one, two"));
    let gone = format!("{one},http://127.0.0.1:1");
    let unsure = livy_kernel(&gone, &["session", "kill", "2"]).await;
    assert!(stderr(&unsure).contains("127.0.0.1:1") && stdout(&unsure).is_empty());
    let named = livy_kernel(&gone, &["session", "kill", "one"]).await;
    assert_eq!(stdout(&named), "one was ended\n");
}

#[tokio::test]
async fn programs_are_told_which_were_ended_and_which_were_not() {
    let url = serve(all_like(json!({}), &["2"])).await;
    let output = livy_kernel(&url, &["session", "kill", "1", "2", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document, json!({"ended": ["2"], "failed": ["1"]}));

    let output = livy_kernel(&url, &["session", "kill", "2", "--json"]).await;
    assert_eq!(json_of(&output), json!({"ended": ["2"], "failed": []}));
}

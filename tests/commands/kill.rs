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
async fn programs_are_told_which_were_ended_and_which_were_not() {
    let url = serve(all_like(json!({}), &["2"])).await;
    let output = livy_kernel(&url, &["session", "kill", "1", "2", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document, json!({"ended": ["2"], "failed": ["1"]}));

    let output = livy_kernel(&url, &["session", "kill", "2", "--json"]).await;
    assert_eq!(json_of(&output), json!({"ended": ["2"], "failed": []}));
}

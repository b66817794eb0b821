use serde_json::json;

use crate::support::{Channel, Frontend, Livy};

#[tokio::test]
async fn a_comm_to_an_unknown_target_is_closed() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let open = json!({"comm_id": "c1", "target_name": "jupyter.widget", "data": {}});
    let mut comm = frontend.send(Channel::Shell, "comm_open", open).await;
    comm.recv_busy().await;
    assert_eq!(comm.recv("comm_close").await.content, json!({"comm_id": "c1", "data": {}}));
    comm.recv_idle().await;
}

#[tokio::test]
async fn no_comm_is_open() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let done = frontend.ask(Channel::Shell, "comm_info_request", json!({})).await;
    assert_eq!(done.reply.content, json!({"status": "ok", "comms": {}}));
}

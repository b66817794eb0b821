use serde_json::json;

use crate::support::{Frontend, Livy, Message};

#[tokio::test]
async fn nobody_is_ever_asked_for_input_whether_it_is_allowed_or_not() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    for allow_stdin in [false, true] {
        for code in ["echo hi", "error EOFError EOF when reading a line", "input()", ""] {
            frontend.run_with(code, json!({"allow_stdin": allow_stdin})).await;
        }
    }
    let asked = |message: &&Message| message.msg_type() == "input_request";
    assert_eq!(frontend.everything().iter().filter(asked).count(), 0);
}

use serde_json::json;

use crate::support::{Channel, Frontend};

#[tokio::test]
async fn a_livy_url_that_makes_no_sense_is_said_by_the_first_cell() {
    for url in ["nonsense:", "livy.example", "ftp://livy.example"] {
        let mut frontend = Frontend::open("pyspark", url).await;
        frontend.ask(Channel::Control, "kernel_info_request", json!({})).await.is_ok();
        let failed = frontend.run("echo hi").await;
        failed.error().says("SettingsError", &["LIVY_URL", "restart the kernel"]);
    }
}

use crate::support::{Frontend, Livy};

#[tokio::test]
async fn the_heart_beats_for_every_frontend() {
    let livy = Livy::start().await;
    let frontend = Frontend::open("pyspark", &livy.url()).await;

    frontend.beats().await;
    frontend.beats().await;
}

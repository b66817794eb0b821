use crate::support::{Frontend, Livy, Network, Proxy, SECRET};

/// Whatever was sent to the frontend, and what was written for Jupyter's log.
#[track_caller]
fn nothing_shows_the_password(frontend: &Frontend) {
    for message in frontend.everything() {
        assert!(!message.content.to_string().contains(SECRET), "{message:#?}");
    }
    assert!(!frontend.kernel.stderr().contains(SECRET), "{}", frontend.kernel.stderr());
}

#[tokio::test]
async fn no_password_is_shown_when_all_is_well() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    frontend.run("echo hi").await.is_ok();
    frontend.ask_all_but_cells().await;
    nothing_shows_the_password(&frontend);
}

#[tokio::test]
async fn no_password_is_shown_when_livy_fails() {
    tokio::join!(
        no_password_is_shown_under(Network::Refuses),
        no_password_is_shown_under(Network::Resets),
        no_password_is_shown_under(Network::LosesAnswers),
        no_password_is_shown_under(Network::Answers("<html><title>Sign in</title></html>")),
        no_password_is_shown_under(Network::Answers("{}")),
        no_password_is_shown_under(Network::Answers("")),
    );
}

async fn no_password_is_shown_under(fault: Network) {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, fault).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;
    frontend.run("echo hi").await.error();
    network.set(Network::Up).await;
    // The kernel has to see that the connections of before are closed.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    frontend.run("echo hi").await.is_ok();
    network.set(fault).await;
    frontend.run("echo hi").await.error();
    frontend.interrupt().await;
    nothing_shows_the_password(&frontend);
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_does_not_repeat_it() {
    let livy = Livy::start().await;
    let wrong = livy.url().replace(SECRET, &format!("not-{SECRET}"));
    let mut frontend = Frontend::open("pyspark", &wrong).await;

    frontend.run("echo hi").await.error().says("SessionStartError", &["401"]);
    nothing_shows_the_password(&frontend);
}

#[tokio::test]
async fn a_password_in_an_address_that_makes_no_sense_is_not_shown() {
    for url in ["ftp://me:SECRET@livy.example", "me:SECRET@livy.example", "http://me:SECRET@:1"] {
        let mut frontend = Frontend::open("pyspark", &url.replace("SECRET", SECRET)).await;
        frontend.run("echo hi").await.error();
        nothing_shows_the_password(&frontend);
    }
}

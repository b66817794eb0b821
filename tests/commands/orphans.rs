use serde_json::json;

use super::{json_of, livy_kernel, stderr, stdout};
use crate::support::{Frontend, Livy};

/// A server with the session of a kernel that was killed, that of a kernel which runs, and one of
/// another machine's; and the name of the first.
async fn left_behind() -> (Livy, Frontend, String) {
    let livy = Livy::start().await;
    let killed = Frontend::ready("pyspark", &livy.url()).await;
    let name = livy.sessions().await[0].name.clone().unwrap();
    killed.kernel.signal("KILL");
    drop(killed);
    let running = Frontend::ready("pyspark", &livy.url()).await;
    livy.start_session("livy-kernel-00000000-1-0123").await;
    (livy, running, name)
}

#[tokio::test]
async fn a_session_whose_kernel_was_killed_is_told_from_all_others() {
    let (livy, _running, name) = left_behind().await;
    let mine = json_of(&livy_kernel(&livy.url(), &["sessions", "--mine", "--json"]).await);
    assert_eq!(mine.as_array().unwrap().len(), 2, "{mine}");
    let orphaned = ["sessions", "--mine", "--orphaned", "--json"];
    let orphaned = json_of(&livy_kernel(&livy.url(), &orphaned).await);
    assert_eq!(orphaned.as_array().unwrap().len(), 1, "{orphaned}");
    assert_eq!(orphaned[0]["name"], *name);
}

#[tokio::test]
async fn it_is_ended_after_asking_and_nothing_else_is() {
    let (livy, mut running, name) = left_behind().await;
    let unasked = livy_kernel(&livy.url(), &["sessions", "--orphaned", "--end"]).await;
    assert!(stdout(&unasked).contains(&name) && stderr(&unasked).contains("--yes"));
    assert_eq!((unasked.status.code(), livy.sessions().await.len()), (Some(1), 3));

    let ended = livy_kernel(&livy.url(), &["sessions", "--orphaned", "--end", "--yes"]).await;
    assert!(stdout(&ended).contains(&format!("{name} was ended")), "{}", stderr(&ended));
    assert_eq!(livy.sessions().await.len(), 2);
    running.run("echo still here").await.is_ok();

    let none = livy_kernel(&livy.url(), &["sessions", "--orphaned", "--end", "--yes"]).await;
    assert!(stdout(&none).contains("orphaned"), "{}", stdout(&none));
    let none = ["sessions", "--orphaned", "--end", "--yes", "--json"];
    let none = json_of(&livy_kernel(&livy.url(), &none).await);
    assert_eq!(none, json!({"ended": [], "failed": []}));
}

#[tokio::test]
async fn what_is_not_known_to_be_ones_own_is_not_ended_so() {
    let livy = Livy::start().await;
    for options in
        [&["--end"][..], &["--end", "--yes"], &["--all", "--orphaned"], &["--mine", "--end"]]
    {
        let refused = livy_kernel(&livy.url(), &[&["sessions"], options].concat()).await;
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    }
}

use livy_client::{
    Client, Id, Output, PollPolicy, Statement,
    statement::{self, NewStatement, Page},
};
use tokio::task::JoinSet;

use crate::support::{Frontend, Livy};

/// A Livy with the session of a kernel that has run nothing.
async fn with_a_session() -> (Livy, Frontend, Id) {
    let livy = Livy::start().await;
    let frontend = Frontend::ready("pyspark", &livy.url()).await;
    let session = livy.sessions().await[0].id.clone();
    (livy, frontend, session)
}

async fn run(client: Client, session: Id, text: String) -> (String, Statement) {
    let new = NewStatement { code: format!("echo {text}"), kind: None };
    let mut statement = client.run_statement(&session, &new, &[]).await.unwrap();
    let mut polls = PollPolicy::STATEMENT.start();
    while !statement.is_finished() {
        polls.wait().await;
        statement = client.send(statement::get(&session, &statement.id)).await.unwrap();
    }
    (text, statement)
}

#[track_caller]
fn says_its_text((text, statement): &(String, Statement)) {
    let Some(Output::Ok(data)) = &statement.output else { panic!("an output: {statement:?}") };
    assert_eq!(data["text/plain"], **text);
}

#[tokio::test]
async fn two_hundred_cells_in_a_row_keep_their_order_and_lose_nothing() {
    let (livy, mut frontend, session) = with_a_session().await;
    for number in 0..200 {
        let done = frontend.run(&format!("echo {number}")).await;
        assert_eq!(done.text(), number.to_string());
    }
    // A Livy keeps its last hundred statements.
    let page = Page { from: Some(0), size: Some(1000), newest_first: false };
    let kept = livy.client().send(statement::list(&session, page)).await.unwrap().statements;
    let numbers: Vec<String> = kept.iter().filter_map(|statement| statement.code.clone()).collect();
    let last: Vec<String> =
        (200 - kept.len()..200).map(|number| format!("echo {number}")).collect();
    assert_eq!(numbers, last);
}

#[tokio::test]
async fn twenty_statements_at_once_each_get_their_own_output() {
    let (livy, _frontend, session) = with_a_session().await;
    let mut running = JoinSet::new();
    for number in 0..20 {
        running.spawn(run(livy.client(), session.clone(), format!("number {number}")));
    }
    let done = running.join_all().await;
    assert_eq!(done.len(), 20);
    done.iter().for_each(says_its_text);
}

//! Checks whether each request of a client reaches the same Livy.

use livy_client::{Client, Identity, Session, session};

use crate::terminal::doctor::{
    limits::CHECK_LIMIT,
    report::{Finding, Report},
};

/// How often the list of sessions is asked for one to look at: only one of several Livys may have any.
const LISTS: usize = 4;
/// How often that session is looked at.
const LOOKS: usize = 6;

/// Adds a finding if a balancer is seen.
pub async fn check(report: &mut Report, client: &Client) {
    if report.is_broken() {
        return;
    }
    let strays = match any_session(client).await {
        Some(session) => strays(client, &session).await,
        None => 0,
    };
    let cookies = client.cookie_names().join(", ");
    match strays {
        0 if cookies.is_empty() => {}
        0 => {
            let found =
                format!("a balancer may be in front of Livy, and is sent its cookie ({cookies})");
            report.add("affinity", Finding::ok(found));
        }
        strays => report.add("affinity", spread(strays)),
    }
}

fn spread(strays: usize) -> Finding {
    Finding::warn(
        format!(
            "several Livys answer in turn: {strays} of {LOOKS} looks at the same session met one that does not \
             have it, so sessions will seem lost"
        ),
        "ask the administrator of the load balancer to send each client to one Livy (affinity), for example by a \
         cookie; or set LIVY_URL to the address of one Livy, or to a list of all",
    )
}

async fn any_session(client: &Client) -> Option<Session> {
    for _ in 0..LISTS {
        let list = session::list(Some(0), Some(1)).answer_within(CHECK_LIMIT);
        let first = client.send(list).await.ok()?.sessions.into_iter().next();
        if first.is_some() {
            return first;
        }
    }
    None
}

/// Counts the looks at a session that meet a Livy which does not have it, or has another of its id.
async fn strays(client: &Client, session: &Session) -> usize {
    let identity = Identity::from(session);
    let mut strays = 0;
    for _ in 0..LOOKS {
        match client.send(session::get(&session.id).answer_within(CHECK_LIMIT)).await {
            Ok(found) if identity.difference(&found).is_none() => {}
            Err(error) if !error.is_not_found() => {}
            Ok(_) | Err(_) => strays += 1,
        }
    }
    // A session that has ended meanwhile is not there for any of them.
    if strays == LOOKS { 0 } else { strays }
}

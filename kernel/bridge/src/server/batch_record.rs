//! What is recorded of a batch. Pure.

use livy_client::{Endpoint, Id, batch::NewBatch};

use crate::records::Event;

/// The record of a batch that was submitted with this id, or refused. Its arguments may be secret, and are left out.
pub fn submission(server: &Endpoint, new: &NewBatch, id: Option<&Id>) -> Event {
    Event::Batch {
        server: server.to_string(),
        batch: id.map(ToString::to_string),
        name: new.properties.name.clone(),
        file: new.file.clone(),
        proxy_user: new.properties.proxy_user.clone(),
        state: if id.is_some() { "ok" } else { "error" },
    }
}

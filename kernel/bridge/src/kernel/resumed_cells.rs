//! The cells that ran when the kernel before this one was killed.

use std::sync::Arc;

use jupyter_wire::Request;

use crate::cell::ResumedCell;

/// The cells that this kernel has resumed.
#[derive(Default)]
pub struct ResumedCells(Vec<Arc<ResumedCell>>);

impl ResumedCells {
    /// Adds a cell.
    pub fn push(&mut self, cell: ResumedCell) {
        self.0.push(Arc::new(cell));
    }

    /// Notes that the frontend which sent this request starts to talk to this kernel: it no longer
    /// waits for the answers to older requests.
    pub fn frontend_starts(&self, request: &Request) {
        for cell in &self.0 {
            cell.frontend_starts(request);
        }
    }

    /// Interrupts the cells, unless the request was meant for the killed kernel.
    pub fn interrupt(&self, request: &Request) {
        for cell in &self.0 {
            cell.interrupt(request.header().date());
        }
    }

    /// Takes the cells whose outputs the cell started by `request` must show first.
    pub fn take_shown_by(&self, request: &Request) -> Vec<Arc<ResumedCell>> {
        self.0.iter().filter(|cell| cell.take_showing(request)).cloned().collect()
    }
}

//! A plan's writes in the order and the portions that they are sent in.

use std::collections::VecDeque;

use crate::plan::CatalogPlan;
use crate::ports::Operation;

/// How many writes the registry takes at once.
const MAX_OPERATIONS: usize = 40;
/// How many bytes of documents a batch holds, unless a single one has more. A transaction of `DynamoDB` holds 4 MB, and a
/// document is in it up to three times: as what is there, and as what was before and after in the record of the change.
const MAX_BYTES: usize = 1_000_000;

/// The batches that are still to be written.
pub(super) struct Batches(VecDeque<Vec<Operation>>);

impl Batches {
    /// Deletions first, then changes of URIs, then other changes, then creations: a URI is free before another
    /// registration takes it.
    pub(super) fn of(plan: &CatalogPlan) -> Self {
        let deletions = plan.delete.iter().map(|deletion| Operation::Delete {
            id: deletion.id.clone(),
            if_match: deletion.live.etag.clone(),
        });
        let (moved, stay): (Vec<_>, Vec<_>) = plan
            .change
            .iter()
            .partition(|change| change.registration.uri() != change.live.document.uri());
        let changes = moved
            .into_iter()
            .chain(stay)
            .map(|change| Operation::Replace {
                id: change.id.clone(),
                registration: change.registration.written().clone(),
                if_match: change.live.etag.clone(),
            });
        let creations = plan.create.iter().map(|creation| Operation::Create {
            id: creation.id.clone(),
            registration: creation.registration.written().clone(),
        });
        let mut batches = VecDeque::new();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for operation in deletions.chain(changes).chain(creations) {
            let size = size(&operation);
            if batch.len() == MAX_OPERATIONS || (!batch.is_empty() && bytes + size > MAX_BYTES) {
                batches.push_back(std::mem::take(&mut batch));
                bytes = 0;
            }
            batch.push(operation);
            bytes += size;
        }
        if !batch.is_empty() {
            batches.push_back(batch);
        }
        Self(batches)
    }

    pub(super) fn next(&mut self) -> Option<Vec<Operation>> {
        self.0.pop_front()
    }

    /// Puts a batch back as two.
    pub(super) fn halve(&mut self, mut batch: Vec<Operation>) {
        let second = batch.split_off(batch.len() / 2);
        self.0.push_front(second);
        self.0.push_front(batch);
    }
}

fn size(operation: &Operation) -> usize {
    match operation {
        Operation::Create { registration, .. } | Operation::Replace { registration, .. } => {
            registration.to_json().len()
        }
        Operation::Delete { .. } => 0,
    }
}

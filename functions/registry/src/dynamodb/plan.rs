//! What a write comes to, given what is stored: the actions of one transaction, or why there is none.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::audit::{self, Entry, Occasion};
use super::items::{self, Item, Pointer};
use super::timestamp;
use super::transaction::{Condition, Step, Subject, Transaction, Write};
use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::registration::Registration;
use crate::store::{
    Action, Author, CatalogVersion, CatalogVersions, Change, Operation, Refusal, Refused,
    StoredRegistration, Written,
};

/// The most actions in a transaction, and the most bytes of their items, a little below `DynamoDB`'s 4 MB.
const MAX_ACTIONS: usize = 100;
const MAX_BYTES: usize = 4_000_000;

/// What a write found.
pub(super) struct Found {
    pub(super) catalog: CatalogVersions,
    pub(super) registrations: BTreeMap<RegistrationId, Item>,
}

/// What the records of a write hold beside its changes.
pub(super) struct Circumstances<'a> {
    pub(super) author: Option<&'a Author>,
    pub(super) time: OffsetDateTime,
    pub(super) keep: Option<std::time::Duration>,
}

/// A write that can be tried.
pub(super) struct Plan {
    pub(super) transaction: Transaction,
    pub(super) written: Vec<Written>,
}

impl Plan {
    /// The plan for these changes, or every change that can't be made.
    pub(super) fn of(
        changes: &[Change],
        found: &Found,
        circumstances: &Circumstances<'_>,
    ) -> Result<Self, Vec<Refused>> {
        let version = found.catalog.whole.next();
        let mut draft = Draft::default();
        let mut refused = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let id = change.operation.id();
            let old = found.registrations.get(&id);
            let earlier = &changes[..index];
            let action = if earlier.iter().any(|other| other.operation.id() == id) {
                Err(Refusal::Repeated(id.clone()))
            } else {
                permitted(change, &id, old)
            };
            let drafted = action.and_then(|action| {
                draft.change(
                    index,
                    &change.operation,
                    action,
                    old,
                    version,
                    circumstances,
                )
            });
            if let Err(refusal) = drafted {
                refused.push(Refused {
                    change: index,
                    refusal,
                });
            }
        }
        if refused.is_empty() {
            Ok(draft.finish(found.catalog, circumstances))
        } else {
            Err(refused)
        }
    }

    /// Whether one transaction can hold it.
    pub(super) fn fits(&self) -> bool {
        let steps = &self.transaction.steps;
        let bytes: usize = steps
            .iter()
            .map(|step| items::size(step.write.item()))
            .sum();
        steps.len() <= MAX_ACTIONS && bytes <= MAX_BYTES
    }
}

/// What the change comes to, if what is stored allows it. A precondition that does not hold is said before anything
/// else: whoever named one knows what should be there.
fn permitted(change: &Change, id: &RegistrationId, old: Option<&Item>) -> Result<Action, Refusal> {
    let revision = old.map(|old| items::version_of(old, items::REVISION));
    if !change.precondition.holds(revision) {
        return Err(Refusal::PreconditionFailed {
            id: id.clone(),
            revision: revision.flatten(),
        });
    }
    match (&change.operation, old.is_some()) {
        (Operation::Create(_), true) => Err(Refusal::AlreadyExists(id.clone())),
        (Operation::Replace(_) | Operation::Patch(_) | Operation::Delete(_), false) => {
            Err(Refusal::NotFound(id.clone()))
        }
        (Operation::Create(_) | Operation::Put(_), false) => Ok(Action::Create),
        (Operation::Replace(_) | Operation::Put(_), true) => Ok(Action::Replace),
        (Operation::Patch(_), true) => Ok(Action::Patch),
        (Operation::Delete(_), true) => Ok(Action::Delete),
    }
}

#[derive(Default)]
struct Draft {
    kinds: Vec<RegistrationType>,
    registrations: Vec<Step>,
    pointers: BTreeMap<(String, String), PointerDraft>,
    entries: Vec<Entry>,
    written: Vec<Written>,
}

/// What becomes of the item that leads from a URI, or from the list of templates, to a resource. A transaction may not
/// touch an item twice, so that a URI which one change frees and another takes is one action.
#[derive(Default)]
struct PointerDraft {
    /// Who may have it before.
    owners: Vec<RegistrationName>,
    /// The change that wants it, and the whole item.
    put: Option<(usize, Item)>,
    /// The change that leaves it.
    left_by: usize,
}

impl Draft {
    fn change(
        &mut self,
        index: usize,
        operation: &Operation,
        action: Action,
        old: Option<&Item>,
        version: CatalogVersion,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Refusal> {
        let id = operation.id();
        let condition = match old {
            None => Condition::Absent,
            Some(old) => Condition::Revision(items::version_of(old, items::REVISION)),
        };
        if let Some(key) = old.and_then(items::pointer_key) {
            self.leave(index, &key, &id.name);
        }
        let before = old.and_then(|old| items::text_of(old, items::DOCUMENT));
        let (write, after) = match operation.registration() {
            None => (Write::Delete(items::registration_key(&id)), None),
            Some(registration) => {
                self.take(index, registration)?;
                let now = timestamp(circumstances.time);
                let created_at = old.and_then(|old| items::text_of(old, items::CREATED_AT));
                let item = items::registration(&StoredRegistration {
                    registration: registration.clone(),
                    revision: version,
                    created_at: created_at.unwrap_or(&now).to_owned(),
                    updated_at: now,
                });
                let document = items::text_of(&item, items::DOCUMENT).map(ToOwned::to_owned);
                (Write::Put(item), document)
            }
        };
        self.registrations.push(Step {
            subject: Subject::Registration,
            write,
            condition,
        });
        self.entries.push(Entry {
            id: id.clone(),
            action,
            before: before.map(ToOwned::to_owned),
            after,
        });
        self.kinds.push(id.kind);
        self.written.push(Written {
            id,
            action,
            revision: version,
        });
        Ok(())
    }

    fn leave(&mut self, index: usize, key: &Item, name: &RegistrationName) {
        let pointer = self.pointer(key);
        pointer.left_by = index;
        pointer.owners.push(name.clone());
    }

    fn take(&mut self, index: usize, registration: &Registration) -> Result<(), Refusal> {
        let Some(pointer) = Pointer::of(registration) else {
            return Ok(());
        };
        let item = pointer.item(&registration.name);
        let draft = self.pointer(&item);
        if let Some((_, taken)) = &draft.put {
            // Read from the item that this write would put there, so that it is a name.
            let by = items::read_name(taken, items::REGISTRATION)
                .unwrap_or_else(|_| registration.name.clone());
            return Err(taken_by(&item, by));
        }
        draft.owners.push(registration.name.clone());
        draft.put = Some((index, item));
        Ok(())
    }

    fn pointer(&mut self, item: &Item) -> &mut PointerDraft {
        let (partition, name) = items::key_of(item);
        self.pointers
            .entry((partition.to_owned(), name.to_owned()))
            .or_default()
    }

    fn finish(self, catalog: CatalogVersions, circumstances: &Circumstances<'_>) -> Plan {
        let occasion = Occasion {
            version: catalog.whole.next(),
            author: circumstances.author,
            time: circumstances.time,
            keep: circumstances.keep,
        };
        let mut steps = vec![Step {
            subject: Subject::Catalog,
            write: Write::Put(items::catalog(catalog.next(self.kinds))),
            condition: Condition::Catalog(catalog.whole),
        }];
        let records = audit::items(self.entries, &occasion).into_iter();
        steps.extend(records.map(|record| Step {
            subject: Subject::Record,
            write: Write::Put(record),
            condition: Condition::None,
        }));
        steps.extend(self.registrations);
        for ((partition, name), pointer) in self.pointers {
            let (change, write) = match pointer.put {
                Some((change, item)) => (change, Write::Put(item)),
                None => (
                    pointer.left_by,
                    Write::Delete(items::key(&partition, &name)),
                ),
            };
            steps.push(Step {
                subject: Subject::Pointer { change },
                write,
                condition: Condition::PointsTo(pointer.owners),
            });
        }
        Plan {
            transaction: Transaction { steps },
            written: self.written,
        }
    }
}

/// A pointer leads to another resource, so its URI is taken.
pub(super) fn taken_by(pointer: &Item, by: RegistrationName) -> Refusal {
    Refusal::UriTaken {
        uri: items::key_of(pointer).1.to_owned(),
        by: items::resource(by),
    }
}

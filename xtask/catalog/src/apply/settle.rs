//! Finding out what became of a write: whether it was done, can still be done, or somebody else came first.

use std::fmt;

use crate::diff::{self, FieldChange};
use crate::document::Document;
use crate::id::Id;
use crate::plan::{self, CatalogPlan};
use crate::ports::{LastChange, Live, Operation, Registry, RegistryError};
use crate::retry::Patience;
use crate::wanted;

/// What became of a write.
pub(super) enum Settled {
    /// What it was for is there.
    Done,
    /// Everything is as the plan found it.
    Pending,
    /// Somebody else changed it.
    Foreign(Box<Foreign>),
}

/// What somebody else did, as far as the registration tells.
pub(super) struct Foreign {
    id: Id,
    was: Option<Document>,
    now: Option<Document>,
}

/// A registration that somebody else changed after the plan was made.
#[derive(Debug, Clone)]
pub struct ForeignChange {
    /// Which.
    pub id: Id,
    /// What they did.
    pub what: What,
    /// Who, and when, where the registry knows.
    pub last: Option<LastChange>,
}

/// What somebody else did.
#[derive(Debug, Clone)]
pub enum What {
    /// It did not exist.
    Created,
    /// It exists no longer.
    Deleted,
    /// It is another one.
    Changed(Vec<FieldChange>),
}

impl fmt::Display for ForeignChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.what {
            What::Created => "created",
            What::Deleted => "deleted",
            What::Changed(_) => "changed",
        };
        write!(f, "  {} was {what}", self.id)?;
        if let Some(last) = &self.last {
            if let Some(by) = &last.by {
                write!(f, " by {by}")?;
            }
            write!(f, " at {}", last.at)?;
        }
        if let What::Changed(fields) = &self.what {
            for field in fields {
                write!(f, "\n    {field}")?;
            }
        }
        Ok(())
    }
}

impl Foreign {
    /// What happened, with the names of those who did it. That they can't be asked for is no reason to say nothing.
    pub(super) async fn named(
        registry: &impl Registry,
        found: Vec<Self>,
        patience: Patience,
    ) -> Vec<ForeignChange> {
        let mut changes = Vec::with_capacity(found.len());
        for Self { id, was, now } in found {
            let last = patience
                .ask(|| registry.last_change(&id))
                .await
                .ok()
                .flatten();
            let what = match (was, now) {
                (Some(was), Some(now)) => What::Changed(diff::between(was.short(), now.short())),
                (_, None) => What::Deleted,
                (None, Some(_)) => What::Created,
            };
            changes.push(ForeignChange { id, what, last });
        }
        changes
    }
}

/// What became of an operation of the plan.
pub(super) async fn settle(
    registry: &impl Registry,
    plan: &CatalogPlan,
    operation: &Operation,
    patience: Patience,
) -> Result<Settled, RegistryError> {
    let id = operation.id();
    let now = patience.ask(|| registry.get(id)).await?;
    let was = before(plan, id);
    match (operation, &now) {
        (Operation::Delete { .. }, None) => return Ok(Settled::Done),
        (Operation::Create { .. }, None) => return Ok(Settled::Pending),
        (Operation::Delete { if_match, .. } | Operation::Replace { if_match, .. }, Some(live))
            if live.etag == *if_match =>
        {
            return Ok(Settled::Pending);
        }
        (
            Operation::Create { registration, .. } | Operation::Replace { registration, .. },
            Some(live),
        ) => {
            if let Some(wanted) = Document::new(registration.clone())
                && is_as_wanted(registry, live, &wanted, patience).await?
            {
                return Ok(Settled::Done);
            }
        }
        (Operation::Delete { .. }, Some(_)) | (Operation::Replace { .. }, None) => {}
    }
    Ok(Settled::Foreign(Box::new(Foreign {
        id: id.clone(),
        was: was.map(|live| live.document.clone()),
        now: now.map(|live| live.document),
    })))
}

async fn is_as_wanted(
    registry: &impl Registry,
    live: &Live,
    wanted: &Document,
    patience: Patience,
) -> Result<bool, RegistryError> {
    if live.document.is_same_as(wanted) {
        return Ok(true);
    }
    let normalized = wanted::normalized(registry, wanted, patience).await?;
    Ok(plan::fields(live, wanted, normalized.as_ref()).is_empty())
}

/// The registration as the plan found it.
fn before<'a>(plan: &'a CatalogPlan, id: &Id) -> Option<&'a Live> {
    let changed = plan.change.iter().map(|change| (&change.id, &change.live));
    let deleted = plan
        .delete
        .iter()
        .map(|deletion| (&deletion.id, &deletion.live));
    changed
        .chain(deleted)
        .find(|(it, _)| *it == id)
        .map(|(_, live)| live)
}

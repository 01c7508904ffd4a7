//! Making a deployment what a plan says. This alone writes.
//!
//! Each write says which revision it is based on, so that nothing that somebody else wrote meanwhile is overwritten, and
//! so that a batch can be sent again when nobody knows whether it was done. What was done is not written down anywhere:
//! the next plan sees it.

mod batches;
mod settle;

use thiserror::Error;

use self::batches::Batches;
use self::settle::{Foreign, Settled, settle};
use crate::plan::{CatalogPlan, UriConflict};
use crate::ports::{Operation, Refusal, Registry, RegistryError};
use crate::progress::Progress;
use crate::retry::Patience;

pub use self::settle::ForeignChange;

/// How to apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyOptions {
    /// Register functions that can't be invoked, too.
    pub force: bool,
    /// How long to try.
    pub patience: Patience,
}

/// Why a plan was not applied to its end. What was written before stays; the plan that is made next has the rest.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// A wanted URI belongs to a registration that is kept.
    #[error("{} {} not free: put the registrations that have {} into the file, or delete them with --prune", .0.len(), if .0.len() == 1 { "URI is" } else { "URIs are" }, if .0.len() == 1 { "it" } else { "them" })]
    Conflicts(Vec<UriConflict>),
    /// Somebody else changed what was to be changed.
    #[error("somebody else changed the catalog since it was read, and {done} of {total} were written:{}", listed(.changes))]
    Foreign {
        /// How many registrations are written.
        done: usize,
        /// Of how many.
        total: usize,
        /// What they did.
        changes: Vec<ForeignChange>,
    },
    /// The registry refuses some of it.
    #[error("the registry refused a batch, and {done} of {total} were written: {refusal}")]
    Refused {
        /// How many registrations are written.
        done: usize,
        /// Of how many.
        total: usize,
        /// Its answer, with problems by registration.
        refusal: Refusal,
    },
    /// The registry did not answer what it was asked.
    #[error("{done} of {total} were written: {source}")]
    Registry {
        /// How many registrations are written.
        done: usize,
        /// Of how many.
        total: usize,
        /// Why.
        source: RegistryError,
    },
}

fn listed(changes: &[ForeignChange]) -> String {
    let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
    format!("\n{}", lines.join("\n"))
}

impl ApplyError {
    /// What can be done about it, where that is known.
    pub fn mend(&self) -> Option<&'static str> {
        match self {
            Self::Foreign { .. } => {
                Some("run `plan` to see what the file would now change, then apply it")
            }
            Self::Registry { source, .. } => source.mend(),
            Self::Refused { refusal, .. } if refusal.code == "function_not_invocable" => Some(
                "let the functions be invoked as the messages say, or register them all the same with --force",
            ),
            Self::Conflicts(_) | Self::Refused { .. } => None,
        }
    }
}

/// Writes everything that the plan has; answers how many registrations that were.
pub async fn apply(
    registry: &impl Registry,
    plan: &CatalogPlan,
    options: ApplyOptions,
    progress: &impl Progress,
) -> Result<usize, ApplyError> {
    if !plan.conflicts.is_empty() {
        return Err(ApplyError::Conflicts(plan.conflicts.clone()));
    }
    let total = plan.writes();
    let mut done = 0;
    let mut batches = Batches::of(plan);
    progress.begin(total);
    while let Some(batch) = batches.next() {
        let count = batch.len();
        match write(registry, plan, batch, options).await {
            Ok(()) => {}
            Err(Stopped::TooMuch(batch)) => {
                batches.halve(batch);
                continue;
            }
            Err(Stopped::Foreign(changes)) => {
                return Err(ApplyError::Foreign {
                    done,
                    total,
                    changes,
                });
            }
            Err(Stopped::Refused(refusal)) => {
                return Err(ApplyError::Refused {
                    done,
                    total,
                    refusal,
                });
            }
            Err(Stopped::Registry(source)) => {
                return Err(ApplyError::Registry {
                    done,
                    total,
                    source,
                });
            }
        }
        done += count;
        progress.reached(done, total);
    }
    progress.end();
    Ok(done)
}

/// Why a batch was not written.
enum Stopped {
    /// It is more than one transaction holds.
    TooMuch(Vec<Operation>),
    Foreign(Vec<ForeignChange>),
    Refused(Refusal),
    Registry(RegistryError),
}

impl From<RegistryError> for Stopped {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

/// Writes a batch, however often it takes.
async fn write(
    registry: &impl Registry,
    plan: &CatalogPlan,
    mut batch: Vec<Operation>,
    options: ApplyOptions,
) -> Result<(), Stopped> {
    let patience = options.patience;
    let mut attempt = 1;
    loop {
        let error = match registry.batch(&batch, options.force).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match error {
            RegistryError::Refused(refusal) if is_too_much(&refusal) && batch.len() > 1 => {
                return Err(Stopped::TooMuch(batch));
            }
            RegistryError::Refused(refusal) if !is_about_revisions(&refusal) => {
                return Err(Stopped::Refused(by_registration(refusal, &batch)));
            }
            // Nothing was done: the same again.
            error @ RegistryError::Busy { .. } => {
                if !patience.wait(attempt, &error).await {
                    return Err(error.into());
                }
            }
            // Somebody else was here, or this batch itself, whose answer was lost: what is there now tells.
            error @ (RegistryError::Refused(_) | RegistryError::Unsettled(_)) => {
                let is_lost = matches!(error, RegistryError::Unsettled(_));
                if is_lost && !patience.wait(attempt, &error).await {
                    return Err(error.into());
                }
                let count = batch.len();
                let mut pending = Vec::new();
                let mut foreign = Vec::new();
                for operation in batch {
                    match settle(registry, plan, &operation, patience).await? {
                        Settled::Done => {}
                        Settled::Pending => pending.push(operation),
                        Settled::Foreign(change) => foreign.push(*change),
                    }
                }
                if !foreign.is_empty() {
                    return Err(Stopped::Foreign(
                        Foreign::named(registry, foreign, patience).await,
                    ));
                }
                if pending.is_empty() {
                    return Ok(());
                }
                // Neither done nor foreign: refused for another reason than the revisions of these registrations.
                if let RegistryError::Refused(refusal) = error
                    && pending.len() == count
                {
                    return Err(Stopped::Refused(by_registration(refusal, &pending)));
                }
                batch = pending;
            }
            error => return Err(error.into()),
        }
        attempt += 1;
    }
}

/// Whether a batch was refused for its size: bytes (413), or actions of a transaction.
fn is_too_much(refusal: &Refusal) -> bool {
    refusal.status == 413 || refusal.code == "batch_too_large"
}

/// Whether it was refused because something is not, or no longer, as the plan has it.
fn is_about_revisions(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_str(),
        "precondition_failed" | "already_registered" | "not_registered"
    )
}

/// The refusal with ids in the places of `operations/3/registration`.
fn by_registration(mut refusal: Refusal, batch: &[Operation]) -> Refusal {
    for problem in &mut refusal.problems {
        let Some((index, rest)) = operation_of(&problem.field) else {
            continue;
        };
        if let Some(operation) = batch.get(index) {
            let field = rest.strip_prefix("registration").unwrap_or(rest);
            let field = field.trim_start_matches(['/', '.']);
            problem.field = if field.is_empty() {
                operation.id().to_string()
            } else {
                format!("{}: {field}", operation.id())
            };
        }
    }
    refusal
}

/// The number of the operation that a problem is about, and the field in it.
fn operation_of(field: &str) -> Option<(usize, &str)> {
    let rest = field.strip_prefix("operations")?;
    let rest = rest.strip_prefix(['/', '['])?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let index = rest[..end].parse().ok()?;
    Some((index, rest[end..].trim_start_matches([']', '/', '.'])))
}

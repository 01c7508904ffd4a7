//! The difference between the catalogue that is wanted and the one that is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Serialize, Serializer};

use crate::diff::{self, FieldChange};
use crate::document::Document;
use crate::id::Id;
use crate::ports::Live;

mod text;

/// The registrations of a deployment, by id.
pub type LiveCatalog = BTreeMap<Id, Live>;

/// A wanted registration, as it was written and as the registry would keep it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// As it was written.
    pub document: Document,
    /// As the registry would keep it; `None` where that makes no difference, because nothing is there to compare it with
    /// or because it is the same already.
    pub normalized: Option<Document>,
}

/// Everything that would be written, in every detail.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogPlan {
    /// What does not exist yet.
    pub create: Vec<Creation>,
    /// What is different.
    pub change: Vec<Change>,
    /// What is not wanted and will be deleted.
    pub delete: Vec<Deletion>,
    /// What is not wanted and stays.
    pub kept: Vec<Id>,
    /// How many registrations are as wanted.
    pub unchanged: usize,
    /// Why it can't be applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<UriConflict>,
}

/// A registration to be made.
#[derive(Debug, Clone, Serialize)]
pub struct Creation {
    /// Which.
    pub id: Id,
    /// The document, as it was written.
    #[serde(serialize_with = "written")]
    pub registration: Document,
}

/// A registration to be changed.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Which.
    pub id: Id,
    /// What differs.
    pub fields: Vec<FieldChange>,
    /// The document, as it was written.
    #[serde(serialize_with = "written")]
    pub registration: Document,
    /// What is there.
    #[serde(skip)]
    pub live: Live,
}

/// A registration to be deleted.
#[derive(Debug, Clone, Serialize)]
pub struct Deletion {
    /// Which.
    pub id: Id,
    /// What is there.
    #[serde(rename = "registration", serialize_with = "live_document")]
    pub live: Live,
}

/// A wanted resource whose URI is that of a resource which is kept.
#[derive(Debug, Clone, Serialize)]
pub struct UriConflict {
    /// The URI.
    pub uri: String,
    /// The wanted resource.
    pub wanted: Id,
    /// The kept one.
    pub kept: Id,
}

fn written<S: Serializer>(document: &Document, serializer: S) -> Result<S::Ok, S::Error> {
    document.written().serialize(serializer)
}

fn live_document<S: Serializer>(live: &Live, serializer: S) -> Result<S::Ok, S::Error> {
    live.document.short().serialize(serializer)
}

impl CatalogPlan {
    /// What has to be written so that `live` becomes `wanted`, whose ids are in order and each there once. With `prune`,
    /// what is not wanted is deleted.
    pub fn between(wanted: &[Wanted], live: &LiveCatalog, prune: bool) -> Self {
        let mut plan = Self {
            create: Vec::new(),
            change: Vec::new(),
            delete: Vec::new(),
            kept: Vec::new(),
            unchanged: 0,
            conflicts: Vec::new(),
        };
        let mut ids = BTreeSet::new();
        for Wanted {
            document,
            normalized,
        } in wanted
        {
            let id = document.id();
            ids.insert(id);
            let Some(live) = live.get(id) else {
                plan.create.push(Creation {
                    id: id.clone(),
                    registration: document.clone(),
                });
                continue;
            };
            let fields = fields(live, document, normalized.as_ref());
            if fields.is_empty() {
                plan.unchanged += 1;
            } else {
                plan.change.push(Change {
                    id: id.clone(),
                    fields,
                    registration: document.clone(),
                    live: live.clone(),
                });
            }
        }
        for (id, live) in live.iter().filter(|(id, _)| !ids.contains(id)) {
            if prune {
                plan.delete.push(Deletion {
                    id: id.clone(),
                    live: live.clone(),
                });
            } else {
                plan.kept.push(id.clone());
            }
        }
        plan.conflicts = conflicts(wanted, live, &plan.kept);
        plan
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes() == 0
    }

    /// How many registrations are written.
    pub fn writes(&self) -> usize {
        self.create.len() + self.change.len() + self.delete.len()
    }
}

/// What differs between a live registration and a wanted one.
pub(crate) fn fields(
    live: &Live,
    written: &Document,
    normalized: Option<&Document>,
) -> Vec<FieldChange> {
    if live.document.is_same_as(written) {
        return Vec::new();
    }
    diff::between(live.document.short(), normalized.unwrap_or(written).short())
}

fn conflicts(wanted: &[Wanted], live: &LiveCatalog, kept: &[Id]) -> Vec<UriConflict> {
    let kept: HashMap<&str, &Id> = kept
        .iter()
        .filter_map(|id| Some((live.get(id)?.document.uri()?, id)))
        .collect();
    let conflict = |wanted: &Wanted| {
        let document = wanted.normalized.as_ref().unwrap_or(&wanted.document);
        let uri = document.uri()?;
        Some(UriConflict {
            uri: uri.to_owned(),
            wanted: document.id().clone(),
            kept: (*kept.get(uri)?).clone(),
        })
    };
    wanted.iter().filter_map(conflict).collect()
}

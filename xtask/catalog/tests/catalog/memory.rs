//! A registry in memory, which writes documents out as the real one does in a few respects.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use catalog::document::Document;
use catalog::file::{Catalog, read_text};
use catalog::id::Id;
use catalog::live;
use catalog::node::Node;
use catalog::plan::CatalogPlan;
use catalog::ports::{
    LastChange, Live, Operation, Page, Problem, Refusal, Registry, RegistryError, Verdict,
};
use catalog::retry::Patience;
use catalog::wanted;
use serde_json::{Value, json};

/// Attempts without waits: what is retried is told by counting.
pub(crate) const PATIENCE: Patience = Patience {
    attempts: 4,
    first_wait: Duration::ZERO,
};
/// So many are on one page.
const PAGE: usize = 7;

/// What becomes of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// Answered, as batches are.
    Answered,
    /// Done, and the answer lost.
    DoneUnanswered,
    /// Lost on the way.
    Lost,
    /// Refused, because there is too much to do.
    Busy,
}

#[derive(Default)]
struct State {
    documents: BTreeMap<Id, (Node, u64)>,
    version: u64,
    fates: VecDeque<Fate>,
    batches: Vec<usize>,
    validated: usize,
    pages: usize,
    /// Called before every page is read.
    before_page: Option<fn(&MemoryRegistry, usize)>,
    most_operations: Option<usize>,
}

#[derive(Default)]
pub(crate) struct MemoryRegistry(Mutex<State>);

impl MemoryRegistry {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What becomes of the next batches; those after them are answered.
    pub(crate) fn fates(&self, fates: &[Fate]) {
        self.state().fates = fates.iter().copied().collect();
    }

    pub(crate) fn before_page(&self, act: fn(&Self, usize)) {
        self.state().before_page = Some(act);
    }

    /// Refuse batches of more operations.
    pub(crate) fn most_operations(&self, most: usize) {
        self.state().most_operations = Some(most);
    }

    /// How many operations each batch that arrived had.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.state().batches.clone()
    }

    /// How many documents were validated.
    pub(crate) fn validated(&self) -> usize {
        self.state().validated
    }

    pub(crate) fn version(&self) -> u64 {
        self.state().version
    }

    /// Writes as somebody else does.
    pub(crate) fn put(&self, document: &Value) {
        let mut state = self.state();
        let node = normalized(&Node::from_json(&document.to_string()).unwrap()).unwrap();
        let id = Document::new(node.clone()).unwrap().id().clone();
        state.version += 1;
        let version = state.version;
        state.documents.insert(id, (node, version));
    }

    pub(crate) fn remove(&self, id: &str) {
        let mut state = self.state();
        state.version += 1;
        state.documents.remove(&Id::parse(id).unwrap());
    }

    /// Every document, as it is kept.
    pub(crate) fn documents(&self) -> Vec<String> {
        let state = self.state();
        state
            .documents
            .values()
            .map(|(node, _)| node.to_json())
            .collect()
    }
}

/// The catalogue that a file's text is.
pub(crate) fn catalog(text: &str) -> Catalog {
    read_text(Path::new("catalog.yaml"), text).unwrap()
}

/// A file with these registrations.
pub(crate) fn file(documents: &[Value]) -> String {
    json!({ "registrations": documents }).to_string()
}

pub(crate) fn tool(name: &str) -> Value {
    json!({
        "type": "tool", "name": name, "description": format!("Does {name}"),
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "parameters": { "a": "string" },
    })
}

pub(crate) fn resource(name: &str, uri: &str) -> Value {
    json!({
        "type": "resource", "name": name, "uri": uri,
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
    })
}

/// The plan between a file and what is there.
pub(crate) async fn plan(registry: &MemoryRegistry, text: &str, prune: bool) -> CatalogPlan {
    let live = live::read(registry, PATIENCE).await.unwrap();
    let wanted = wanted::resolve(registry, &catalog(text), &live, PATIENCE).await;
    CatalogPlan::between(&wanted.unwrap(), &live, prune)
}

/// Turns `parameters` into `inputSchema` and writes out defaults, as the registry does; refuses a title that is `bad`.
fn normalized(node: &Node) -> Result<Node, Problem> {
    let mut document: Value = serde_json::from_str(&node.to_json()).unwrap();
    let map = document.as_object_mut().unwrap();
    if map.get("title") == Some(&json!("bad")) {
        return Err(Problem {
            field: "title".into(),
            message: "must not be bad".into(),
        });
    }
    if let Some(parameters) = map.shift_remove("parameters") {
        let names: Vec<_> = parameters.as_object().unwrap().keys().cloned().collect();
        let properties: serde_json::Map<_, _> = names
            .iter()
            .map(|name| (name.clone(), json!({ "type": "string" })))
            .collect();
        let schema = json!({ "type": "object", "properties": properties, "required": names });
        map.insert("inputSchema".into(), schema);
    }
    map.entry("contract").or_insert(json!("native"));
    map.entry("invocation")
        .or_insert(json!({ "stream": false, "task": "forbidden" }));
    Ok(Node::from_json(&document.to_string()).unwrap())
}

fn refused(status: u16, code: &str) -> RegistryError {
    RegistryError::Refused(Refusal {
        status,
        code: code.into(),
        message: format!("{code}."),
        problems: Vec::new(),
    })
}

impl Registry for MemoryRegistry {
    async fn page(&self, cursor: Option<&str>) -> Result<Page, RegistryError> {
        let (act, number) = {
            let mut state = self.state();
            state.pages += 1;
            (state.before_page, state.pages)
        };
        if let Some(act) = act {
            act(self, number);
        }
        let state = self.state();
        let after = cursor.map(|cursor| Id::parse(cursor).unwrap());
        let mut rest = state
            .documents
            .iter()
            .filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after));
        let registrations: Vec<Live> = rest
            .by_ref()
            .take(PAGE)
            .map(|(_, (node, version))| Live {
                document: Document::new(node.clone()).unwrap(),
                etag: format!("\"{version}\""),
            })
            .collect();
        let last = registrations
            .last()
            .map(|live| live.document.id().to_string());
        let next = if rest.next().is_some() { last } else { None };
        Ok(Page {
            registrations,
            next,
            version: state.version.to_string(),
        })
    }

    async fn get(&self, id: &Id) -> Result<Option<Live>, RegistryError> {
        let state = self.state();
        Ok(state.documents.get(id).map(|(node, version)| Live {
            document: Document::new(node.clone()).unwrap(),
            etag: format!("\"{version}\""),
        }))
    }

    async fn validate(
        &self,
        documents: &[&Node],
        _health: bool,
    ) -> Result<Vec<Verdict>, RegistryError> {
        self.state().validated += documents.len();
        let verdict = |document: &&Node| match normalized(document) {
            Ok(node) => Verdict {
                problems: Vec::new(),
                normalized: Document::new(node),
            },
            Err(problem) => Verdict {
                problems: vec![problem],
                normalized: None,
            },
        };
        Ok(documents.iter().map(verdict).collect())
    }

    async fn batch(&self, operations: &[Operation], _force: bool) -> Result<(), RegistryError> {
        let mut state = self.state();
        state.batches.push(operations.len());
        if state
            .most_operations
            .is_some_and(|most| operations.len() > most)
        {
            return Err(refused(413, "batch_too_large"));
        }
        let fate = state.fates.pop_front().unwrap_or(Fate::Answered);
        match fate {
            Fate::Lost => return Err(RegistryError::Unsettled("connection reset".into())),
            Fate::Busy => {
                return Err(RegistryError::Busy {
                    message: "busy".into(),
                    retry_after: Some(Duration::from_hours(1)),
                });
            }
            Fate::Answered | Fate::DoneUnanswered => {}
        }
        let mut documents = state.documents.clone();
        let version = state.version + 1;
        for (index, operation) in operations.iter().enumerate() {
            let there = documents.get(operation.id());
            let etag = there.map(|(_, version)| format!("\"{version}\""));
            match operation {
                Operation::Create { .. } if there.is_some() => {
                    return Err(refused(409, "already_registered"));
                }
                Operation::Replace { if_match, .. } | Operation::Delete { if_match, .. }
                    if etag.as_ref() != Some(if_match) =>
                {
                    return Err(refused(412, "precondition_failed"));
                }
                Operation::Create { id, registration }
                | Operation::Replace {
                    id, registration, ..
                } => {
                    let node = normalized(registration).map_err(|mut problem| {
                        problem.field =
                            format!("operations[{index}].registration.{}", problem.field);
                        RegistryError::Refused(Refusal {
                            status: 400,
                            code: "invalid_batch".into(),
                            message: "The batch has a problem, and nothing was written.".into(),
                            problems: vec![problem],
                        })
                    })?;
                    documents.insert(id.clone(), (node, version));
                }
                Operation::Delete { id, .. } => {
                    documents.remove(id);
                }
            }
        }
        state.documents = documents;
        state.version = version;
        match fate {
            Fate::DoneUnanswered => Err(RegistryError::Unsettled("connection reset".into())),
            _ => Ok(()),
        }
    }

    async fn last_change(&self, _id: &Id) -> Result<Option<LastChange>, RegistryError> {
        Ok(Some(LastChange {
            at: "2026-11-25T12:00:00Z".into(),
            by: Some("arn:aws:iam::000000000000:user/other".into()),
            action: "replace".into(),
        }))
    }
}

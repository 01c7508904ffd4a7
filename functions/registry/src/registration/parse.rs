//! A JSON document as a registration.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::extras::{self, MAX_TITLE};
use super::fields::{self, Fields};
use super::{Completion, Contract, Definition, Invocation, Registration, TaskSupport};
use crate::arn::LambdaArn;
use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::problem::Problems;

mod completions;
mod prompt;
mod resource;
mod tool;

/// The longest description of a registration or an argument, in characters.
const MAX_DESCRIPTION: usize = 8192;

const COMMON: [&str; 11] = [
    "id",
    "type",
    "name",
    "title",
    "description",
    "lambdaArn",
    "enabled",
    "contract",
    "invocation",
    "icons",
    "_meta",
];

/// The fields that a type has beyond the common ones.
fn own_fields(kind: RegistrationType) -> &'static [&'static str] {
    match kind {
        RegistrationType::Tool => &["inputSchema", "parameters", "outputSchema", "annotations"],
        RegistrationType::Resource => &[
            "uri",
            "uriTemplate",
            "mimeType",
            "size",
            "annotations",
            "parameters",
            "completions",
        ],
        RegistrationType::Prompt => &["arguments", "parameters", "completions"],
    }
}

/// What the type's own fields say.
struct Own {
    definition: Option<Definition>,
    completions: BTreeMap<String, Completion>,
    /// Whether lists ask the function, unless the registration says otherwise.
    list: bool,
}

/// How much of a document is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    /// Everything.
    All,
    /// Everything but the schemas, which are compiled to be checked. They were when the document was stored; a list of
    /// thousands of tools has no time to do it again.
    Stored,
}

pub(super) fn registration(body: &[u8], checks: Checks) -> Result<Registration, Problems> {
    let document = fields::json_text(body, Registration::MAX_BYTES)?;
    let mut problems = Problems::default();
    let Some(mut fields) = Fields::read(document, "", &mut problems) else {
        return Err(problems);
    };

    let id = fields.take("id");
    let kind = required_text(&mut fields, "type", &mut problems).and_then(|text| {
        let kind = text.parse::<RegistrationType>();
        kind.map_err(|error| problems.add("type", error.to_string()))
            .ok()
    });
    let name = required_text(&mut fields, "name", &mut problems).and_then(|text| {
        let name = RegistrationName::try_from(text);
        name.map_err(|error| problems.add("name", error.to_string()))
            .ok()
    });
    let title = fields.text("title", MAX_TITLE, &mut problems);
    let description = fields.text("description", MAX_DESCRIPTION, &mut problems);
    let lambda_arn = required_text(&mut fields, "lambdaArn", &mut problems).and_then(|text| {
        let arn = LambdaArn::try_from(text);
        arn.map_err(|error| problems.add("lambdaArn", error.to_string()))
            .ok()
    });
    let enabled = fields.boolean("enabled", &mut problems).unwrap_or(true);
    if let (Some(raw), Some(kind), Some(name)) = (id, kind, &name) {
        check_id(raw, kind, name, &mut problems);
    }

    // Without a type nothing says which of the other fields belong here.
    let Some(kind) = kind else {
        return Err(problems);
    };
    let own = match kind {
        RegistrationType::Tool => tool::read(&mut fields, checks, &mut problems),
        RegistrationType::Resource => resource::read(&mut fields, &mut problems),
        RegistrationType::Prompt => prompt::read(&mut fields, &mut problems),
    };
    let icons = extras::icons(&mut fields, &mut problems);
    let meta = extras::meta(&mut fields, &mut problems);
    let contract = contract(&mut fields, kind, &mut problems);
    let invocation = invocation(&mut fields, kind, own.list, &mut problems);
    let known: Vec<&str> = COMMON.iter().chain(own_fields(kind)).copied().collect();
    fields.finish(&known, |name| foreign(name, kind), &mut problems);

    match (name, lambda_arn, own.definition) {
        (Some(name), Some(lambda_arn), Some(definition)) if problems.is_empty() => {
            Ok(Registration {
                name,
                title,
                description,
                lambda_arn,
                enabled,
                contract,
                invocation,
                icons,
                meta,
                definition,
                completions: own.completions,
            })
        }
        _ => Err(problems),
    }
}

fn required_text(fields: &mut Fields<'_>, name: &str, problems: &mut Problems) -> Option<String> {
    let before = problems.len();
    let text = fields.text(name, usize::MAX, problems);
    if text.is_none() && problems.len() == before {
        problems.add(fields.path(name), "is required");
    }
    text
}

/// An id may stand in the document, as it does in answers, but type and name decide.
fn check_id(
    raw: &RawValue,
    kind: RegistrationType,
    name: &RegistrationName,
    problems: &mut Problems,
) {
    let expected = RegistrationId {
        kind,
        name: name.clone(),
    }
    .to_string();
    let given: Option<String> = serde_json::from_str(raw.get()).ok();
    if given.as_ref() != Some(&expected) {
        problems.add(
            "id",
            format!("must be `{expected}`, as type and name say, or be left out"),
        );
    }
}

/// Why a field that another type has is not one of this type's.
fn foreign(name: &str, kind: RegistrationType) -> Option<String> {
    let owners: Vec<String> = RegistrationType::ALL
        .into_iter()
        .filter(|other| own_fields(*other).contains(&name))
        .map(|other| format!("{other}s"))
        .collect();
    (!owners.is_empty()).then(|| {
        format!(
            "is a field of {}, not of {kind}s: remove it",
            owners.join(" and ")
        )
    })
}

fn contract(fields: &mut Fields<'_>, kind: RegistrationType, problems: &mut Problems) -> Contract {
    let choices = [
        ("native", Contract::Native),
        ("agentcore", Contract::Agentcore),
    ];
    let contract = fields
        .choice("contract", &choices, problems)
        .unwrap_or_default();
    if contract == Contract::Agentcore && kind != RegistrationType::Tool {
        problems.add(
            fields.path("contract"),
            format!("`agentcore` is for tools: a {kind} needs `native`"),
        );
    }
    contract
}

fn invocation(
    fields: &mut Fields<'_>,
    kind: RegistrationType,
    list_unless_said: bool,
    problems: &mut Problems,
) -> Invocation {
    let mut invocation = Invocation {
        list: list_unless_said,
        ..Invocation::default()
    };
    let Some(raw) = fields.take("invocation") else {
        return invocation;
    };
    let Some(mut inner) = Fields::read(raw, &fields.path("invocation"), problems) else {
        return invocation;
    };
    invocation.timeout_seconds = inner
        .integer("timeoutSeconds", 1..=900, problems)
        .and_then(|seconds| seconds.try_into().ok());
    invocation.stream = inner.boolean("stream", problems).unwrap_or_default();
    let choices = [
        ("forbidden", TaskSupport::Forbidden),
        ("optional", TaskSupport::Optional),
        ("required", TaskSupport::Required),
        ("function", TaskSupport::Function),
    ];
    invocation.task = inner.choice("task", &choices, problems).unwrap_or_default();
    if invocation.task != TaskSupport::Forbidden && kind != RegistrationType::Tool {
        problems.add(
            inner.path("task"),
            format!("only a tool can be a task: a {kind} needs `forbidden`"),
        );
    }
    if let Some(list) = inner.boolean("list", problems) {
        invocation.list = list;
        if list && kind != RegistrationType::Resource {
            problems.add(
                inner.path("list"),
                format!("only a resource can list: remove it from a {kind}"),
            );
        }
    }
    inner.finish(
        &["timeoutSeconds", "stream", "task", "list"],
        |_| None,
        problems,
    );
    invocation
}

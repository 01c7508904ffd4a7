//! A JSON document as a registration.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::extras::{self, MAX_TITLE};
use super::fields::{self, Fields};
use super::{
    Completion, Contract, Definition, Invocation, PromptArgument, PromptDefinition, Registration,
    ResourceDefinition, ResourceLocator, TaskSupport, ToolDefinition,
};
use crate::arn::LambdaArn;
use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::parameters;
use crate::problem::Problems;
use crate::schema;
use crate::uri_template::UriTemplate;

const MAX_DESCRIPTION: usize = 8192;
const MAX_URI_BYTES: usize = 1024;
const MAX_ARGUMENTS: usize = 100;
const MAX_COMPLETION_VALUES: usize = 100;

const COMMON: [&str; 10] = [
    "id",
    "type",
    "name",
    "title",
    "description",
    "lambdaArn",
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
    let document = document(body)?;
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
    if let (Some(raw), Some(kind), Some(name)) = (id, kind, &name) {
        check_id(raw, kind, name, &mut problems);
    }

    // Without a type nothing says which of the other fields belong here.
    let Some(kind) = kind else {
        return Err(problems);
    };
    let own = match kind {
        RegistrationType::Tool => tool(&mut fields, checks, &mut problems),
        RegistrationType::Resource => resource(&mut fields, &mut problems),
        RegistrationType::Prompt => prompt(&mut fields, &mut problems),
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

/// The body as one JSON text that is safe to look into.
fn document(body: &[u8]) -> Result<&RawValue, Problems> {
    if body.len() > Registration::MAX_BYTES {
        return Err(Problems::one(
            "",
            format!(
                "the document has {} bytes: shorten it to {} or fewer",
                body.len(),
                Registration::MAX_BYTES
            ),
        ));
    }
    if fields::depth(body) > fields::MAX_DEPTH {
        return Err(Problems::one(
            "",
            format!(
                "the document nests deeper than {}: flatten it",
                fields::MAX_DEPTH
            ),
        ));
    }
    serde_json::from_slice(body)
        .map_err(|error| Problems::one("", format!("the body is not JSON: {error}")))
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

fn tool(fields: &mut Fields<'_>, checks: Checks, problems: &mut Problems) -> Own {
    let shorthand = fields.take("parameters");
    let schema = fields.take("inputSchema");
    if shorthand.is_some() && schema.is_some() {
        problems.add(
            "parameters",
            "stands beside `inputSchema`, and both say what the tool takes: keep one",
        );
    }
    let input_schema = match (schema, shorthand) {
        (Some(schema), _) => {
            if checks == Checks::All {
                schema::check_input(schema, "inputSchema", problems);
            }
            Some(schema.to_owned())
        }
        (None, Some(shorthand)) => {
            let schema = parameters::to_schema(shorthand, "parameters", problems);
            if let Some(schema) = &schema
                && checks == Checks::All
            {
                schema::check_input(schema, "parameters", problems);
            }
            schema
        }
        (None, None) => RawValue::from_string(r#"{"type":"object"}"#.to_owned()).ok(),
    };
    let output_schema = fields
        .take("outputSchema")
        .filter(|schema| !fields::is_empty(schema));
    if let Some(schema) = output_schema
        && checks == Checks::All
    {
        schema::check_output(schema, "outputSchema", problems);
    }
    let annotations = extras::tool_annotations(fields, problems);
    Own {
        definition: input_schema.map(|input_schema| {
            Definition::Tool(ToolDefinition {
                input_schema,
                output_schema: output_schema.map(ToOwned::to_owned),
                annotations,
            })
        }),
        completions: BTreeMap::new(),
        list: false,
    }
}

/// The parts of a resource that may stand at the top or, in the shorthand, inside `parameters`.
#[derive(Default)]
struct ResourceFields {
    uri: Option<String>,
    template: Option<UriTemplate>,
    mime_type: Option<String>,
    completions: Option<BTreeMap<String, Completion>>,
}

impl ResourceFields {
    fn take(fields: &mut Fields<'_>, problems: &mut Problems) -> Self {
        Self {
            uri: fields
                .text("uri", usize::MAX, problems)
                .and_then(|uri| match check_uri(&uri) {
                    Ok(()) => Some(uri),
                    Err(message) => {
                        problems.add(fields.path("uri"), message);
                        None
                    }
                }),
            template: fields
                .text("uriTemplate", usize::MAX, problems)
                .and_then(|template| match template.parse() {
                    Ok(template) => Some(template),
                    Err(error) => {
                        problems.add(fields.path("uriTemplate"), format!("{error}"));
                        None
                    }
                }),
            mime_type: fields.text("mimeType", 255, problems).filter(|media_type| {
                let sound = is_media_type(media_type);
                if !sound {
                    problems.add(
                        fields.path("mimeType"),
                        "must be a media type such as `text/plain`",
                    );
                }
                sound
            }),
            completions: completions(fields, problems),
        }
    }
}

fn resource(fields: &mut Fields<'_>, problems: &mut Problems) -> Own {
    let before = problems.len();
    let mut parts = ResourceFields::take(fields, problems);
    let mut list = false;
    if let Some(raw) = fields.take("parameters")
        && let Some(mut inner) = Fields::read(raw, "parameters", problems)
    {
        let shorthand = ResourceFields::take(&mut inner, problems);
        inner.finish(
            &["uri", "uriTemplate", "mimeType", "completions"],
            |_| None,
            problems,
        );
        // The project's first version listed such a resource by asking its function.
        list = shorthand.template.is_some();
        merge("uri", &mut parts.uri, shorthand.uri, problems);
        merge(
            "uriTemplate",
            &mut parts.template,
            shorthand.template,
            problems,
        );
        merge(
            "mimeType",
            &mut parts.mime_type,
            shorthand.mime_type,
            problems,
        );
        merge(
            "completions",
            &mut parts.completions,
            shorthand.completions,
            problems,
        );
    }
    let size = fields.integer("size", 0..=u64::MAX, problems);
    let annotations = extras::resource_annotations(fields, problems);
    let completions = parts.completions.unwrap_or_default();
    let locator = match (parts.uri, parts.template) {
        (Some(_), Some(_)) => {
            problems.add("uriTemplate", "stands beside `uri`: keep one");
            None
        }
        (Some(uri), None) => {
            check_completion_names(&completions, &[], problems);
            Some(ResourceLocator::Uri(uri))
        }
        (None, Some(template)) => {
            let variables: Vec<&str> = template.variables().collect();
            check_completion_names(&completions, &variables, problems);
            Some(ResourceLocator::Template(template))
        }
        (None, None) => {
            // A broken URI is a problem of its own, and not also a missing one.
            if problems.len() == before {
                problems.add("uri", "is required, or else `uriTemplate`");
            }
            None
        }
    };
    Own {
        definition: locator.map(|locator| {
            Definition::Resource(ResourceDefinition {
                locator,
                mime_type: parts.mime_type,
                annotations,
                size,
            })
        }),
        completions,
        list,
    }
}

fn merge<T>(name: &str, kept: &mut Option<T>, other: Option<T>, problems: &mut Problems) {
    match (&kept, other) {
        (Some(_), Some(_)) => problems.add(
            format!("parameters.{name}"),
            format!("stands beside `{name}`: keep one"),
        ),
        (None, Some(other)) => *kept = Some(other),
        (_, None) => {}
    }
}

/// RFC 3986: a scheme, a colon, and characters that may stand in a URI; others than ASCII are let through, as IRIs.
fn check_uri(uri: &str) -> Result<(), String> {
    if uri.len() > MAX_URI_BYTES {
        // The URI is the sort key of the item that leads to its resource, and a sort key has at most 1,024 bytes.
        return Err(format!(
            "has {} bytes: shorten it to {MAX_URI_BYTES} or fewer",
            uri.len()
        ));
    }
    let has_scheme = uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
    });
    if !has_scheme {
        return Err("must begin with a scheme, as in `docs://handbook`".to_owned());
    }
    match uri
        .chars()
        .find(|c| c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(*c))
    {
        Some(c) => Err(format!("holds {c:?}, which has to be percent-encoded")),
        None => Ok(()),
    }
}

fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    essence.split_once('/').is_some_and(|(main, sub)| {
        let is_token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&b))
        };
        is_token(main) && is_token(sub)
    }) && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}

fn prompt(fields: &mut Fields<'_>, problems: &mut Problems) -> Own {
    let shorthand = fields.take("parameters");
    let listed = fields.array("arguments", problems);
    if shorthand.is_some() && listed.is_some() {
        problems.add(
            "parameters",
            "stands beside `arguments`, and both say what the prompt takes: keep one",
        );
    }
    let mut arguments = Vec::new();
    if let Some(listed) = listed {
        for (at, raw) in listed {
            let argument = argument(raw, &at, problems);
            if let Some(argument) = argument {
                if arguments
                    .iter()
                    .any(|other: &PromptArgument| other.name == argument.name)
                {
                    problems.add(
                        format!("{at}.name"),
                        "names another argument too: rename one",
                    );
                }
                arguments.push(argument);
            }
        }
    } else if let Some(shorthand) = shorthand
        && let Some(inner) = Fields::read(shorthand, "parameters", problems)
    {
        for (at, name, raw) in inner.rest() {
            arguments.extend(shorthand_argument(name, raw, &at, problems));
        }
    }
    if arguments.len() > MAX_ARGUMENTS {
        problems.add(
            "arguments",
            format!("must have at most {MAX_ARGUMENTS} entries"),
        );
    }
    let completions = completions(fields, problems).unwrap_or_default();
    let names: Vec<&str> = arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .collect();
    check_completion_names(&completions, &names, problems);
    Own {
        definition: Some(Definition::Prompt(PromptDefinition { arguments })),
        completions,
        list: false,
    }
}

fn check_argument_name(name: &str, at: String, problems: &mut Problems) {
    if !(1..=128).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        problems.add(at, "must be a name of 1 to 128 characters");
    }
}

fn argument(raw: &RawValue, at: &str, problems: &mut Problems) -> Option<PromptArgument> {
    let mut inner = Fields::read(raw, at, problems)?;
    let name = required_text(&mut inner, "name", problems);
    let title = inner.text("title", MAX_TITLE, problems);
    let description = inner.text("description", MAX_DESCRIPTION, problems);
    let required = inner.boolean("required", problems).unwrap_or_default();
    if let Some(name) = &name {
        check_argument_name(name, inner.path("name"), problems);
    }
    inner.finish(
        &["name", "title", "description", "required"],
        |_| None,
        problems,
    );
    Some(PromptArgument {
        name: name?,
        title,
        description,
        required,
    })
}

/// `"name": "string"` or `"name": {"type", "optional", "title", "description"}`. A prompt's arguments are texts, so that
/// the type only has to be one.
fn shorthand_argument(
    name: String,
    raw: &RawValue,
    at: &str,
    problems: &mut Problems,
) -> Option<PromptArgument> {
    check_argument_name(&name, at.to_owned(), problems);
    if serde_json::from_str::<String>(raw.get()).is_ok() {
        parameters::check_type_name(raw, at, problems);
        return Some(PromptArgument {
            name,
            title: None,
            description: None,
            required: true,
        });
    }
    let mut inner = Fields::read(raw, at, problems)?;
    if let Some(kind) = inner.take("type") {
        parameters::check_type_name(kind, &inner.path("type"), problems);
    }
    let optional = inner.boolean("optional", problems).unwrap_or_default();
    let argument = PromptArgument {
        name,
        title: inner.text("title", MAX_TITLE, problems),
        description: inner.text("description", MAX_DESCRIPTION, problems),
        required: !optional,
    };
    inner.finish(
        &["type", "optional", "title", "description"],
        |_| None,
        problems,
    );
    Some(argument)
}

fn completions(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<BTreeMap<String, Completion>> {
    let raw = fields.take("completions")?;
    let inner = Fields::read(raw, &fields.path("completions"), problems)?;
    let mut completions = BTreeMap::new();
    for (at, name, raw) in inner.rest() {
        if raw.get() == "\"function\"" {
            completions.insert(name, Completion::Function);
        } else if let Ok(values) = serde_json::from_str::<Vec<String>>(raw.get()) {
            if values.len() > MAX_COMPLETION_VALUES {
                problems.add(
                    at,
                    format!("must have at most {MAX_COMPLETION_VALUES} values, or be `function`"),
                );
            }
            completions.insert(name, Completion::Values(values));
        } else {
            problems.add(at, "must be an array of strings, or `function`");
        }
    }
    Some(completions)
}

fn check_completion_names(
    completions: &BTreeMap<String, Completion>,
    names: &[&str],
    problems: &mut Problems,
) {
    for name in completions.keys() {
        if !names.contains(&name.as_str()) {
            let known = match names {
                [] => "there are none here".to_owned(),
                names => format!("there are `{}`", names.join("`, `")),
            };
            problems.add(
                fields::shorten(&fields::join("completions", name)),
                format!("completes no argument or variable: {known}"),
            );
        }
    }
}

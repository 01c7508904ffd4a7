//! The fields that only prompts have.

use serde_json::value::RawValue;

use super::{MAX_DESCRIPTION, Own, completions, required_text};
use crate::parameters;
use crate::problem::Problems;
use crate::registration::extras::MAX_TITLE;
use crate::registration::fields::Fields;
use crate::registration::{Definition, PromptArgument, PromptDefinition};

const MAX_ARGUMENTS: usize = 100;

pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Own {
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
    let completions = completions::read(fields, problems).unwrap_or_default();
    let names: Vec<&str> = arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .collect();
    completions::check_names(&completions, &names, problems);
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

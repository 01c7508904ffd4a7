//! `CloudFormation` in memory: it makes nothing, but keeps stacks, change sets and events as strictly as the real one
//! where a deployment depends on it, with failures on demand.

mod answers;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The fields of a request.
pub(crate) type Form = BTreeMap<String, String>;

/// What a request is answered with: XML, or a code and a message.
pub(crate) type Answer = Result<String, (&'static str, String)>;

/// A parameter's value that lets an operation on its stack fail.
pub(crate) const FAILS: &str = "fails";
/// A parameter's value that no change set is computed for.
pub(crate) const REFUSED: &str = "refused";

/// A stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stack {
    pub(crate) status: String,
    pub(crate) parameters: BTreeMap<String, String>,
    template: Value,
    /// The template's resources by their status.
    resources: BTreeMap<String, String>,
    events: Vec<[String; 4]>,
    /// Events that are still to happen, one for each time that somebody asks for events.
    coming: Vec<[String; 4]>,
}

#[derive(Debug, Clone)]
struct ChangeSet {
    stack: String,
    parameters: BTreeMap<String, String>,
    template: Value,
    changes: Vec<(&'static str, String)>,
    refusal: Option<&'static str>,
    /// How often it was asked for; it is being computed at first.
    asked: usize,
    executed_by: Option<String>,
}

/// Everything there is.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    pub(crate) by_name: BTreeMap<String, Stack>,
    change_sets: BTreeMap<String, ChangeSet>,
    /// Change sets are never done computing.
    pub(crate) computes_forever: bool,
    /// Nothing happens in stacks.
    pub(crate) stands_still: bool,
    /// What the last change set was made with.
    pub(crate) capabilities: Vec<String>,
}

impl Stacks {
    /// Whether no change set waits for anything.
    pub(crate) fn has_change_sets(&self) -> bool {
        self.change_sets.values().any(|it| it.executed_by.is_none())
    }

    pub(crate) fn answer(&mut self, form: &Form) -> Answer {
        let result = match form["Action"].as_str() {
            "CreateChangeSet" => self.create_change_set(form)?,
            "DescribeChangeSet" => self.describe_change_set(&form["ChangeSetName"])?,
            "DeleteChangeSet" => {
                self.change_sets.remove(&form["ChangeSetName"]);
                String::new()
            }
            "ExecuteChangeSet" => {
                self.execute(&form["ChangeSetName"], form.get("ClientRequestToken"))?
            }
            "DescribeStacks" => self.describe(&form["StackName"])?,
            "DescribeStackEvents" => self.events(&form["StackName"])?,
            "ListStackResources" => self.resources(&form["StackName"])?,
            "GetTemplate" => self.template(&form["StackName"])?,
            "DeleteStack" => self.delete(&form["StackName"])?,
            other => panic!("{other} is not known here"),
        };
        let action = &form["Action"];
        Ok(format!(
            "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        ))
    }

    /// The stack with this name or ARN; by its ARN also when it is deleted.
    fn stack(&mut self, name: &str) -> Result<&mut Stack, (&'static str, String)> {
        let missing = (
            "ValidationError",
            format!("Stack with id {name} does not exist"),
        );
        let stack = self.by_name.get_mut(short(name)).ok_or(missing.clone())?;
        if stack.status == "DELETE_COMPLETE" && !name.starts_with("arn:") {
            return Err(missing);
        }
        Ok(stack)
    }

    fn create_change_set(&mut self, form: &Form) -> Answer {
        let name = form["StackName"].clone();
        let template: Value = serde_json::from_str(&form["TemplateBody"]).unwrap();
        let is_new = form["ChangeSetType"] == "CREATE";
        let before = self.by_name.get(&name).cloned();
        let before = before.filter(|it| it.status != "DELETE_COMPLETE");
        let is_there = before
            .as_ref()
            .is_some_and(|stack| stack.status != "REVIEW_IN_PROGRESS");
        if is_new == is_there {
            let message = format!("Stack [{name}] is not for this type of change set");
            return Err(("ValidationError", message));
        }
        let before = before.unwrap_or_default();
        let mut parameters = BTreeMap::new();
        for (parameter, declaration) in template["Parameters"].as_object().into_iter().flatten() {
            let default = declaration["Default"].as_str().unwrap_or_default();
            parameters.insert(parameter.clone(), default.to_owned());
        }
        for number in 1.. {
            let field = |field: &str| form.get(&format!("Parameters.member.{number}.{field}"));
            let Some(parameter) = field("ParameterKey") else {
                break;
            };
            let value = if field("UsePreviousValue").is_some_and(|it| it == "true") {
                before.parameters[parameter].clone()
            } else {
                field("ParameterValue").unwrap().clone()
            };
            parameters.insert(parameter.clone(), value);
        }
        self.capabilities = (1..)
            .map_while(|number| form.get(&format!("Capabilities.member.{number}")).cloned())
            .collect();
        let changes = changes(&before, &template, &parameters);
        let refusal = if parameters.values().any(|value| value == REFUSED) {
            Some("Rule NetworkIsComplete: SubnetIds is needed")
        } else if changes.is_empty() {
            Some("The submitted information didn't contain changes.")
        } else {
            None
        };
        if !is_there {
            let stack = self.by_name.entry(name.clone()).or_default();
            *stack = Stack {
                status: "REVIEW_IN_PROGRESS".to_owned(),
                ..Stack::default()
            };
            stack.happened(
                &name,
                "AWS::CloudFormation::Stack",
                "REVIEW_IN_PROGRESS",
                "",
            );
        }
        let id = format!("arn:aws:cloudformation:::changeSet/{name}/1");
        self.change_sets.insert(
            id.clone(),
            ChangeSet {
                stack: name.clone(),
                parameters,
                template,
                changes,
                refusal,
                asked: 0,
                executed_by: None,
            },
        );
        Ok(format!("<Id>{id}</Id><StackId>{}</StackId>", arn(&name)))
    }

    fn change_set(&mut self, id: &str) -> Result<&mut ChangeSet, (&'static str, String)> {
        let missing = || {
            (
                "ChangeSetNotFound",
                format!("ChangeSet [{id}] does not exist"),
            )
        };
        self.change_sets.get_mut(id).ok_or_else(missing)
    }

    fn execute(&mut self, id: &str, token: Option<&String>) -> Answer {
        let set = self.change_set(id)?;
        if let Some(by) = &set.executed_by {
            return if Some(by) == token {
                Ok(String::new())
            } else {
                let message = format!("ChangeSet [{id}] is executed already");
                Err(("InvalidChangeSetStatus", message))
            };
        }
        set.executed_by = Some(token.cloned().unwrap_or_default());
        let set = set.clone();
        let stack = self.by_name.get_mut(&set.stack).unwrap();
        let operation = if stack.status == "REVIEW_IN_PROGRESS" {
            "CREATE"
        } else {
            "UPDATE"
        };
        let fails = set.parameters.values().any(|value| value == FAILS);
        stack.begin(&set.stack, operation);
        if !fails {
            stack.template = set.template.clone();
            stack.parameters = set.parameters.clone();
        }
        for (_, name) in &set.changes {
            let kind = kind(&set.template, name);
            if fails && name == "Two" {
                stack.coming(
                    name,
                    &kind,
                    &format!("{operation}_FAILED"),
                    "the name is taken",
                );
            } else {
                stack.coming(name, &kind, &format!("{operation}_COMPLETE"), "");
            }
        }
        if !fails {
            stack.end(&set.stack, &format!("{operation}_COMPLETE"));
            let resources = set.template["Resources"].as_object().unwrap();
            let complete = |name: &String| (name.clone(), "CREATE_COMPLETE".to_owned());
            stack.resources = resources.keys().map(complete).collect();
        } else if operation == "UPDATE" {
            stack.end(&set.stack, "UPDATE_ROLLBACK_COMPLETE");
        } else {
            stack.template = set.template.clone();
            for (_, name) in &set.changes {
                let status = deleted(&set.template, name);
                stack.resources.insert(name.clone(), status.to_owned());
            }
            stack.end(&set.stack, "ROLLBACK_COMPLETE");
        }
        Ok(String::new())
    }

    fn delete(&mut self, id: &str) -> Answer {
        let name = short(id).to_owned();
        let stack = self.stack(id)?;
        if stack.status == "REVIEW_IN_PROGRESS" {
            self.by_name.remove(&name);
            self.change_sets.retain(|_, set| set.stack != name);
            return Ok(String::new());
        }
        stack.begin(&name, "DELETE");
        for resource in stack.resources.keys().cloned().collect::<Vec<_>>() {
            let kind = kind(&stack.template, &resource);
            let status = deleted(&stack.template, &resource);
            stack.coming(&resource, &kind, status, "");
        }
        stack.end(&name, "DELETE_COMPLETE");
        Ok(String::new())
    }
}

impl Stack {
    fn begin(&mut self, name: &str, operation: &str) {
        self.status = format!("{operation}_IN_PROGRESS");
        let status = self.status.clone();
        self.happened(name, "AWS::CloudFormation::Stack", &status, "");
    }

    fn end(&mut self, name: &str, status: &str) {
        self.coming(name, "AWS::CloudFormation::Stack", status, "");
    }

    fn happened(&mut self, name: &str, kind: &str, status: &str, reason: &str) {
        self.events
            .push([name, kind, status, reason].map(str::to_owned));
    }

    fn coming(&mut self, name: &str, kind: &str, status: &str, reason: &str) {
        self.coming
            .push([name, kind, status, reason].map(str::to_owned));
    }
}

/// What becomes of the stack's resources. Other parameters change all of them.
fn changes(
    before: &Stack,
    template: &Value,
    parameters: &BTreeMap<String, String>,
) -> Vec<(&'static str, String)> {
    let names = |template: &Value| -> BTreeSet<String> {
        let resources = template["Resources"].as_object().into_iter().flatten();
        resources.map(|(name, _)| name.clone()).collect()
    };
    let (old, new) = (names(&before.template), names(template));
    let is_modified = |name: &String| {
        before.parameters != *parameters
            || before.template["Resources"][name] != template["Resources"][name]
    };
    let added = new.difference(&old).map(|name| ("Add", name.clone()));
    let kept = old.intersection(&new).filter(|name| is_modified(name));
    let removed = old.difference(&new).map(|name| ("Remove", name.clone()));
    added
        .chain(kept.map(|name| ("Modify", name.clone())))
        .chain(removed)
        .collect()
}

/// What a resource is after its deletion.
fn deleted(template: &Value, name: &str) -> &'static str {
    if template["Resources"][name]["DeletionPolicy"] == json!("Retain") {
        "DELETE_SKIPPED"
    } else {
        "DELETE_COMPLETE"
    }
}

fn kind(template: &Value, name: &str) -> String {
    let kind = template["Resources"][name]["Type"].as_str();
    kind.unwrap_or_default().to_owned()
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudformation:::stack/{name}/1")
}

/// The name in a stack's ARN.
fn short(id: &str) -> &str {
    id.split('/').nth(1).unwrap_or(id)
}

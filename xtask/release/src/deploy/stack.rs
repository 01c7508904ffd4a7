//! What `CloudFormation` tells of a stack, of a change to it, and of how the change goes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A stack as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN, which stays valid after its deletion.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Its parameters' values. Values of `NoEcho` parameters are asterisks.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Whether the stack is only the place of a change set that was never executed.
    pub fn is_empty(&self) -> bool {
        self.status == "REVIEW_IN_PROGRESS"
    }

    /// Whether an operation on the stack goes on.
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && !self.is_empty()
    }

    /// Whether the last operation brought about what it was for.
    pub fn is_healthy(&self) -> bool {
        matches!(
            self.status.as_str(),
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" | "DELETE_COMPLETE"
        )
    }
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in AWS.
    pub physical_id: String,
    /// Its type, such as `AWS::DynamoDB::Table`.
    pub resource_type: String,
    /// Its status, such as `CREATE_COMPLETE`; `DELETE_SKIPPED` is left behind by a creation that failed.
    pub status: String,
}

impl StackResource {
    /// Whether it outlives the stack, by what `template` says or by what has happened already.
    pub fn is_retained(&self, template: &Value) -> bool {
        let policy = &template["Resources"][&self.logical_id]["DeletionPolicy"];
        self.status == "DELETE_SKIPPED" || policy.as_str().is_some_and(|policy| policy != "Delete")
    }
}

impl fmt::Display for StackResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({})",
            self.resource_type, self.physical_id, self.logical_id
        )
    }
}

/// A change set: what executing it does to the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// The stack's name.
    pub stack_name: String,
    /// Whether the stack does not exist yet.
    pub is_new_stack: bool,
    /// The changes, in `CloudFormation`'s order.
    pub changes: Vec<Change>,
    /// What the caller acknowledges, such as `CAPABILITY_IAM`.
    pub capabilities: Vec<String>,
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `Add`, `Modify`, `Remove`, `Import` or `Dynamic`.
    pub action: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Whether a modification makes another resource in its place: `True`, `False` or `Conditional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
}

impl fmt::Display for ChangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_new_stack { "new " } else { "" };
        write!(f, "{what}stack {}", self.stack_name)?;
        if self.changes.is_empty() {
            return write!(f, ": no changes");
        }
        for change in &self.changes {
            write!(f, "\n  {change}")?;
        }
        if !self.capabilities.is_empty() {
            write!(f, "\n  acknowledging {}", self.capabilities.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = self.action.to_lowercase();
        write!(f, "{action:<7} {} {}", self.resource_type, self.logical_id)?;
        match self.replacement.as_deref() {
            Some("True") => write!(f, ", replaced by another one"),
            Some("Conditional") => write!(f, ", perhaps replaced by another one"),
            _ => Ok(()),
        }
    }
}

/// Something that happened to a resource of a stack, or to the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackEvent {
    /// `CloudFormation`'s identifier of the event.
    pub id: String,
    /// When, to the second, as RFC 3339 in UTC.
    pub time: String,
    /// The resource's name in the template; for the stack, its own name.
    pub logical_id: String,
    /// The resource's type.
    pub resource_type: String,
    /// What it is now, such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl StackEvent {
    /// Whether this is a failure of its own, and not one that another failure has brought about.
    pub fn is_first_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
            && !self
                .reason
                .as_deref()
                .is_some_and(|reason| reason.contains("cancelled"))
    }
}

impl fmt::Display for StackEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}  {:<28} {} {}",
            self.time, self.status, self.resource_type, self.logical_id
        )?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, logical_id: &str, replacement: Option<&str>) -> Change {
        Change {
            action: action.into(),
            logical_id: logical_id.into(),
            resource_type: "AWS::DynamoDB::Table".into(),
            replacement: replacement.map(Into::into),
        }
    }

    #[test]
    fn a_change_set_says_what_is_replaced() {
        let mut set = ChangeSet {
            id: "arn".into(),
            stack_name: "serverlessrepo-mcp".into(),
            is_new_stack: true,
            changes: vec![
                change("Add", "One", None),
                change("Modify", "Two", Some("True")),
                change("Modify", "Three", Some("Conditional")),
                change("Modify", "Four", Some("False")),
                change("Remove", "Five", None),
            ],
            capabilities: vec!["CAPABILITY_IAM".into()],
        };
        insta::assert_snapshot!(set, @r"
        new stack serverlessrepo-mcp
          add     AWS::DynamoDB::Table One
          modify  AWS::DynamoDB::Table Two, replaced by another one
          modify  AWS::DynamoDB::Table Three, perhaps replaced by another one
          modify  AWS::DynamoDB::Table Four
          remove  AWS::DynamoDB::Table Five
          acknowledging CAPABILITY_IAM
        ");
        set.changes.clear();
        set.is_new_stack = false;
        insta::assert_snapshot!(set, @"stack serverlessrepo-mcp: no changes");
    }

    #[test]
    fn what_is_kept_follows_from_the_template_and_from_what_has_happened() {
        let resource = |logical_id: &str, status: &str| StackResource {
            logical_id: logical_id.into(),
            physical_id: format!("stack-{logical_id}-1A2B"),
            resource_type: "AWS::DynamoDB::Table".into(),
            status: status.into(),
        };
        let template = serde_json::json!({ "Resources": {
            "Kept": { "DeletionPolicy": "Retain" },
            "Gone": { "DeletionPolicy": "Delete" },
            "Plain": {},
        } });
        for (logical_id, status, is_retained) in [
            ("Kept", "CREATE_COMPLETE", true),
            ("Gone", "CREATE_COMPLETE", false),
            ("Plain", "CREATE_COMPLETE", false),
            ("Plain", "DELETE_SKIPPED", true),
        ] {
            let resource = resource(logical_id, status);
            assert_eq!(resource.is_retained(&template), is_retained, "{resource}");
        }
        insta::assert_snapshot!(resource("Kept", "CREATE_COMPLETE"), @"AWS::DynamoDB::Table stack-Kept-1A2B (Kept)");
    }

    #[test]
    fn failures_that_others_brought_about_are_not_first() {
        let event = |status: &str, reason: Option<&str>| StackEvent {
            id: "1".into(),
            time: "2026-11-23T12:00:00Z".into(),
            logical_id: "Function".into(),
            resource_type: "AWS::Lambda::Function".into(),
            status: status.into(),
            reason: reason.map(Into::into),
        };
        let failure = event("CREATE_FAILED", Some("the subnet does not exist"));
        assert!(failure.is_first_failure());
        assert!(!event("CREATE_FAILED", Some("Resource creation cancelled")).is_first_failure());
        assert!(!event("CREATE_COMPLETE", None).is_first_failure());
        insta::assert_snapshot!(failure, @"2026-11-23T12:00:00Z  CREATE_FAILED                AWS::Lambda::Function Function: the subnet does not exist");
    }
}

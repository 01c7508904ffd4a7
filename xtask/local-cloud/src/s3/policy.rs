//! What a bucket's policy allows.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use serde_json::Value;

use crate::wildcard;

/// Who wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor<'a> {
    /// Whoever does not sign.
    Anonymous,
    /// A principal of this account, by its ARN.
    Account { id: &'a str, arn: &'a str },
    /// An AWS service on behalf of this account.
    Service { name: &'a str, account: &'a str },
}

/// What a policy says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    Denied,
    /// No statement speaks of it, which denies unless something else allows.
    Silent,
}

/// What a policy says about `action` on `resource` by `actor`.
///
/// Where a statement uses what is not understood here, it never allows and always denies.
pub(crate) fn evaluate(policy: &Value, actor: Actor<'_>, action: &str, resource: &str) -> Decision {
    let mut decision = Decision::Silent;
    for statement in list(policy.get("Statement")) {
        let denies = statement["Effect"] == "Deny";
        let matches = applies(statement, actor, action, resource).unwrap_or(denies);
        match (matches, denies) {
            (true, true) => return Decision::Denied,
            (true, false) => decision = Decision::Allowed,
            (false, _) => {}
        }
    }
    decision
}

/// Whether a statement allows anyone without a condition.
pub(super) fn is_public(policy: &Value) -> bool {
    list(policy.get("Statement")).any(|statement| {
        let principal = &statement["Principal"];
        let everyone = principal == "*" || list(principal.get("AWS")).any(|who| who == "*");
        statement["Effect"] == "Allow" && everyone && statement.get("Condition").is_none()
    })
}

/// Says what is wrong with a policy for `bucket`, if anything is.
pub(super) fn problem(policy: &Value, bucket: &str) -> Option<String> {
    if !matches!(
        policy["Version"].as_str(),
        Some("2012-10-17" | "2008-10-17")
    ) {
        return Some("The policy must contain a valid version string".to_owned());
    }
    let mut statements = list(policy.get("Statement")).peekable();
    if statements.peek().is_none() {
        return Some("Missing required field Statement".to_owned());
    }
    for statement in statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Some("Invalid effect".to_owned());
        }
        if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
            return Some("Missing required field Principal".to_owned());
        }
        if statement.get("Action").is_none() && statement.get("NotAction").is_none() {
            return Some("Missing required field Action".to_owned());
        }
        let arn = format!("arn:aws:s3:::{bucket}");
        let mut resources = list(
            statement
                .get("Resource")
                .or_else(|| statement.get("NotResource")),
        )
        .peekable();
        let is_own = |resource: &Value| {
            let rest = resource.as_str().and_then(|text| text.strip_prefix(&arn));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if resources.peek().is_none() || !resources.all(is_own) {
            return Some("Policy has invalid resource".to_owned());
        }
    }
    None
}

/// `None` if the statement uses something that is not understood here.
fn applies(statement: &Value, actor: Actor<'_>, action: &str, resource: &str) -> Option<bool> {
    let known = [
        "Sid",
        "Effect",
        "Principal",
        "Action",
        "Resource",
        "Condition",
    ];
    let object = statement.as_object()?;
    if !object.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    let any = |patterns: &Value, text: &str| {
        list(Some(patterns))
            .filter_map(Value::as_str)
            .any(|pattern| wildcard::matches(pattern, text))
    };
    // Action names are the same in either case.
    let actions = Value::from(
        list(statement.get("Action"))
            .filter_map(Value::as_str)
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>(),
    );
    Some(
        is_principal(&statement["Principal"], actor)
            && any(&actions, &action.to_ascii_lowercase())
            && any(&statement["Resource"], resource)
            && holds(statement.get("Condition"), actor)?,
    )
}

fn is_principal(principal: &Value, actor: Actor<'_>) -> bool {
    let named = |kind: &str| list(principal.get(kind)).filter_map(Value::as_str);
    match actor {
        Actor::Anonymous => principal == "*" || named("AWS").any(|who| who == "*"),
        Actor::Account { id, arn } => {
            let root = format!("arn:aws:iam::{id}:root");
            principal == "*"
                || named("AWS").any(|who| who == "*" || who == id || who == arn || who == root)
        }
        Actor::Service { name, .. } => principal == "*" || named("Service").any(|who| who == name),
    }
}

fn holds(condition: Option<&Value>, actor: Actor<'_>) -> Option<bool> {
    let Some(condition) = condition else {
        return Some(true);
    };
    for (operator, keys) in condition.as_object()? {
        for (key, wanted) in keys.as_object()? {
            if !compare(operator, key, wanted, actor)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

fn compare(operator: &str, key: &str, wanted: &Value, actor: Actor<'_>) -> Option<bool> {
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let actual = match (key.to_ascii_lowercase().as_str(), actor) {
        ("aws:sourceaccount", Actor::Service { account, .. }) => Some(account),
        ("aws:principalarn", Actor::Account { arn, .. }) => Some(arn),
        ("aws:principalaccount", Actor::Account { id, .. }) => Some(id),
        ("aws:sourceaccount" | "aws:principalarn" | "aws:principalaccount", _) => None,
        // What is local never leaves the machine.
        ("aws:securetransport", _) => Some("true"),
        _ => return None,
    };
    let mut wanted = list(Some(wanted)).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let negated = matches!(operator, "StringNotEquals" | "StringNotLike" | "ArnNotLike");
    let Some(actual) = actual else {
        return Some(if_exists || negated);
    };
    Some(match operator {
        "StringEquals" | "Bool" | "ArnEquals" => wanted.any(|value| value == actual),
        "StringLike" | "ArnLike" => wanted.any(|value| wildcard::matches(&value, actual)),
        "StringNotEquals" => wanted.all(|value| value != actual),
        "StringNotLike" | "ArnNotLike" => !wanted.any(|value| wildcard::matches(&value, actual)),
        _ => return None,
    })
}

/// A value that stands alone is a list of one.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(Value::Null) | None => &[],
        Some(single) => std::slice::from_ref(single),
    }
    .iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVICE: Actor<'_> = Actor::Service {
        name: "serverlessrepo.amazonaws.com",
        account: "000000000000",
    };

    fn decide(policy: &Value, actor: Actor<'_>) -> Decision {
        evaluate(policy, actor, "s3:GetObject", "arn:aws:s3:::b/a/key")
    }

    fn statement(change: impl FnOnce(&mut Value)) -> Value {
        let mut statement = json!({
            "Effect": "Allow", "Principal": {"Service": "serverlessrepo.amazonaws.com"}, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}},
        });
        change(&mut statement);
        json!({"Version": "2012-10-17", "Statement": [statement]})
    }

    #[test]
    fn every_part_of_a_statement_counts() {
        assert_eq!(decide(&statement(|_| {}), SERVICE), Decision::Allowed);
        assert_eq!(
            decide(&statement(|_| {}), Actor::Anonymous),
            Decision::Silent
        );
        for (name, value) in [
            ("Principal", json!({"Service": "lambda.amazonaws.com"})),
            ("Principal", json!({"AWS": "*"})),
            ("Action", json!(["s3:PutObject"])),
            ("Resource", json!("arn:aws:s3:::b/b*")),
            (
                "Condition",
                json!({"StringEquals": {"aws:SourceAccount": "111111111111"}}),
            ),
            ("Condition", json!({"StringEquals": {"aws:SourceArn": "x"}})),
            (
                "Condition",
                json!({"DateLessThan": {"aws:SourceAccount": "000000000000"}}),
            ),
            ("NotAction", json!("s3:PutObject")),
        ] {
            let policy = statement(|statement| statement[name] = value.clone());
            assert_eq!(decide(&policy, SERVICE), Decision::Silent, "{name} {value}");
        }
        for (name, value) in [
            ("Principal", json!("*")),
            ("Action", json!("S3:get*")),
            ("Resource", json!(["arn:aws:s3:::b/?/k*y"])),
            ("Condition", json!({"Bool": {"aws:SecureTransport": true}})),
        ] {
            let policy = statement(|statement| statement[name] = value.clone());
            assert_eq!(
                decide(&policy, SERVICE),
                Decision::Allowed,
                "{name} {value}"
            );
        }
    }

    #[test]
    fn a_denial_wins_and_an_unknown_one_too() {
        let mut policy = statement(|_| {});
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        policy["Statement"].as_array_mut().unwrap().push(deny);
        assert_eq!(decide(&policy, SERVICE), Decision::Allowed);
        policy["Statement"][1]["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        assert_eq!(decide(&policy, SERVICE), Decision::Denied);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let check = |change: fn(&mut Value)| problem(&statement(change), "b");
        assert_eq!(check(|_| {}), None);
        insta::assert_snapshot!(check(|statement| statement["Resource"] = json!("arn:aws:s3:::other/*")).unwrap(), @"Policy has invalid resource");
        insta::assert_snapshot!(check(|statement| statement["Effect"] = json!("allow")).unwrap(), @"Invalid effect");
        insta::assert_snapshot!(check(|statement| { statement.as_object_mut().unwrap().remove("Principal"); }).unwrap(), @"Missing required field Principal");
        insta::assert_snapshot!(problem(&json!({}), "b").unwrap(), @"The policy must contain a valid version string");
    }
}

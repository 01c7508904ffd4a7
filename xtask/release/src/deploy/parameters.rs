//! Whether a template takes the parameters that it is going to be given.

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;
use serde_json::Value;

/// A parameter that the template does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidParameter {
    /// The parameter.
    pub name: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.problem)
    }
}

/// What `CloudFormation` tells of the value of a `NoEcho` parameter.
const SECRET: &str = "****";

/// Checks `given` against the template's `Parameters`, before anything is sent.
///
/// What `CloudFormation` alone can know, such as whether a subnet exists, stays to be found out by it.
pub fn check(template: &Value, given: &BTreeMap<String, String>) -> Vec<InvalidParameter> {
    let declared = template["Parameters"].as_object();
    let mut problems = Vec::new();
    for (name, value) in given {
        let problem = match declared.and_then(|declared| declared.get(name)) {
            Some(declaration) => problem_of(declaration, value),
            None => Some(format!(
                "there is no such parameter; there are {}",
                names(template)
            )),
        };
        problems.extend(problem.map(|problem| InvalidParameter {
            name: name.clone(),
            problem,
        }));
    }
    for (name, declaration) in declared.into_iter().flatten() {
        if declaration.get("Default").is_none() && !given.contains_key(name) {
            problems.push(InvalidParameter {
                name: name.clone(),
                problem: "is needed, because it has no default".to_owned(),
            });
        }
    }
    problems.extend(incomplete_network(given));
    problems
}

/// The parameters among `kept` that nobody can read, and that are not `set` anew.
pub(super) fn unknown_secrets(
    template: &Value,
    kept: &BTreeMap<String, String>,
    set: &BTreeMap<String, String>,
) -> Vec<InvalidParameter> {
    kept.iter()
        .filter(|(name, value)| {
            is_secret(&template["Parameters"][name], value) && !set.contains_key(*name)
        })
        .map(|(name, _)| InvalidParameter {
            name: name.clone(),
            problem: "is needed again, because its present value is secret".to_owned(),
        })
        .collect()
}

fn is_secret(declaration: &Value, value: &str) -> bool {
    value == SECRET && text(&declaration["NoEcho"]) == "true"
}

fn names(template: &Value) -> String {
    let declared = template["Parameters"].as_object();
    let names: Vec<_> = declared
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    names.join(", ")
}

fn problem_of(declaration: &Value, value: &str) -> Option<String> {
    if is_secret(declaration, value) {
        return None;
    }
    if let Some(allowed) = declaration["AllowedValues"].as_array() {
        let allowed: Vec<_> = allowed.iter().map(text).collect();
        if !allowed.iter().any(|it| it == value) {
            return Some(format!("has to be one of {}", allowed.join(", ")));
        }
    }
    if let Some(pattern) = declaration["AllowedPattern"].as_str() {
        // A pattern that this engine does not know is left to CloudFormation.
        let whole = Regex::new(&format!("^(?:{pattern})$"));
        if whole.is_ok_and(|pattern| !pattern.is_match(value)) {
            let constraint = declaration["ConstraintDescription"].as_str();
            return Some(match constraint {
                Some(constraint) => constraint.to_owned(),
                None => format!("has to match {pattern}"),
            });
        }
    }
    let length = u32::try_from(value.chars().count()).unwrap_or(u32::MAX);
    if let Some(problem) = outside(declaration, ["MinLength", "MaxLength"], length.into()) {
        return Some(format!("{problem} characters"));
    }
    if declaration["Type"] == "Number" {
        let Ok(number) = value.parse::<f64>() else {
            return Some("has to be a number".to_owned());
        };
        return outside(declaration, ["MinValue", "MaxValue"], number);
    }
    None
}

fn outside(declaration: &Value, [least, most]: [&str; 2], value: f64) -> Option<String> {
    let bound = |key: &str| text(&declaration[key]).parse::<f64>().ok();
    match (bound(least), bound(most)) {
        (Some(least), _) if value < least => Some(format!("has to be at least {least}")),
        (_, Some(most)) if value > most => Some(format!("has to be at most {most}")),
        _ => None,
    }
}

/// YAML's scalars as CloudFormation reads them: all of them are text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A function in a VPC needs the VPC and its subnets. The template has a rule for it too; this one asks nobody.
fn incomplete_network(given: &BTreeMap<String, String>) -> Vec<InvalidParameter> {
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_empty());
    if given.get("VpcEnabled").map(String::as_str) != Some("true") {
        return Vec::new();
    }
    ["VpcId", "SubnetIds"]
        .into_iter()
        .filter(|name| !has(name))
        .map(|name| InvalidParameter {
            name: name.to_owned(),
            problem: "is needed, because VpcEnabled is true".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(given: &[(&str, &str)]) -> String {
        let template = serde_saphyr::from_str(
            "
Parameters:
  StackIdentifier:
    Type: String
    Default: a
    AllowedPattern: '[a-z]{1,5}'
    ConstraintDescription: must be 1 to 5 letters
  Pattern: {Type: String, Default: '', AllowedPattern: '[0-9]*'}
  VpcEnabled: {Type: String, Default: 'false', AllowedValues: ['true', 'false']}
  VpcId: {Type: String, Default: ''}
  SubnetIds: {Type: CommaDelimitedList, Default: ''}
  Days: {Type: Number, Default: 1, AllowedValues: [1, 30]}
  Memory: {Type: Number, Default: 128, MinValue: 128, MaxValue: 10240}
  Name: {Type: String, MinLength: 1, MaxLength: 3}
",
        )
        .unwrap();
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let problems = check(&template, &given);
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn what_fits_passes() {
        let fitting = [
            ("StackIdentifier", "abc"),
            ("VpcEnabled", "false"),
            ("Days", "30"),
            ("Memory", "512"),
            ("Name", "äöü"),
            ("Pattern", ""),
        ];
        assert_eq!(problems(&fitting), "");
    }

    #[test]
    fn every_problem_is_named_with_what_would_be_right() {
        let wrong = [
            ("StackIdentifier", "ABC"),
            ("Pattern", "12a"),
            ("Days", "2"),
            ("Memory", "64"),
            ("Name", "long"),
            ("Colour", "red"),
        ];
        insta::assert_snapshot!(problems(&wrong), @r"
        Colour: there is no such parameter; there are StackIdentifier, Pattern, VpcEnabled, VpcId, SubnetIds, Days, Memory, Name
        Days: has to be one of 1, 30
        Memory: has to be at least 128
        Name: has to be at most 3 characters
        Pattern: has to match [0-9]*
        StackIdentifier: must be 1 to 5 letters
        ");
        insta::assert_snapshot!(problems(&[("Memory", "much")]), @r"
        Memory: has to be a number
        Name: is needed, because it has no default
        ");
    }

    #[test]
    fn a_vpc_needs_its_subnets() {
        insta::assert_snapshot!(problems(&[("Name", "a"), ("VpcEnabled", "true"), ("VpcId", "vpc-1")]), @"SubnetIds: is needed, because VpcEnabled is true");
    }

    #[test]
    fn a_secret_is_only_kept_where_nobody_has_to_repeat_it() {
        let template = serde_json::json!({ "Parameters": {
            "Key": { "Type": "String", "NoEcho": true, "MinLength": 8 },
            "Other": { "Type": "String" },
        } });
        let values = |values: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            values.iter().map(owned).collect()
        };
        let kept = values(&[("Key", "****"), ("Other", "****")]);
        assert_eq!(check(&template, &kept), []);
        let problems = unknown_secrets(&template, &kept, &BTreeMap::new());
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(problems.join("\n"), @"Key: is needed again, because its present value is secret");
        assert_eq!(
            unknown_secrets(&template, &kept, &values(&[("Key", "new")])),
            []
        );
    }
}

//! What this repository's template shows to whoever deploys it: a console makes a form of it.

use std::collections::BTreeSet;
use std::path::Path;

use release::checkout::Checkout;
use serde_json::Value;

/// The longest description of a parameter or an output, in characters.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>
const MAX_DESCRIPTION: usize = 4000;

fn template() -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = Checkout::new(folder.ancestors().nth(2).unwrap());
    serde_json::from_str(&checkout.template().unwrap().to_json()).unwrap()
}

fn names(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn is_described(entry: &Value) -> bool {
    let text = entry["Description"].as_str().unwrap_or_default();
    (1..=MAX_DESCRIPTION).contains(&text.chars().count())
}

#[test]
fn every_parameter_is_labelled_described_in_one_group_and_has_a_default() {
    let template = template();
    let parameters = names(&template["Parameters"]);
    let interface = &template["Metadata"]["AWS::CloudFormation::Interface"];
    assert_eq!(names(&interface["ParameterLabels"]), parameters);

    let groups = interface["ParameterGroups"].as_array().unwrap();
    let grouped: Vec<_> = groups
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), parameters);
    assert_eq!(
        grouped.len(),
        parameters.len(),
        "a parameter is in two groups"
    );

    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        assert!(is_described(parameter), "{name} has no description");
        // One click deploys it: nothing has to be filled in.
        assert!(!parameter["Default"].is_null(), "{name} has no default");
    }
}

#[test]
fn every_output_is_described_and_both_urls_are_there() {
    let template = template();
    for (name, output) in template["Outputs"].as_object().unwrap() {
        assert!(is_described(output), "{name} has no description");
    }
    let outputs = names(&template["Outputs"]);
    for url in ["McpFunctionUrl", "RegistrationFunctionUrl"] {
        assert!(outputs.contains(url), "{url} is no output");
    }
}

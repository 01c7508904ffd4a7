//! What whoever deploys an application has to acknowledge, derived from its template.
//! <https://docs.aws.amazon.com/serverlessrepo/latest/devguide/acknowledging-application-capabilities.html>

use std::collections::BTreeSet;

use serde_json::Value;

use super::{list, resources};

/// Sources of events that let a service call the function, in place of the function polling them.
const PUSHING: [&str; 12] = [
    "Api",
    "HttpApi",
    "S3",
    "SNS",
    "Schedule",
    "ScheduleV2",
    "CloudWatchEvent",
    "EventBridgeRule",
    "CloudWatchLogs",
    "IoTRule",
    "AlexaSkill",
    "Cognito",
];

/// The names of the capabilities, sorted.
pub(super) fn required(document: &Value) -> Vec<String> {
    let mut required = BTreeSet::new();
    for (_, resource) in resources(document) {
        let properties = &resource["Properties"];
        let is_named = |property: &str| properties.get(property).is_some();
        let iam = |name: &str| {
            if is_named(name) {
                "CAPABILITY_NAMED_IAM"
            } else {
                "CAPABILITY_IAM"
            }
        };
        match resource["Type"].as_str().unwrap_or_default() {
            "AWS::IAM::Group" => drop(required.insert(iam("GroupName"))),
            "AWS::IAM::InstanceProfile" => drop(required.insert(iam("InstanceProfileName"))),
            "AWS::IAM::ManagedPolicy" => drop(required.insert(iam("ManagedPolicyName"))),
            "AWS::IAM::Role" => drop(required.insert(iam("RoleName"))),
            "AWS::IAM::Policy" => {
                required.insert("CAPABILITY_IAM");
                required.insert("CAPABILITY_RESOURCE_POLICY");
            }
            "AWS::Lambda::Permission"
            | "AWS::Lambda::LayerVersionPermission"
            | "AWS::Events::EventBusPolicy"
            | "AWS::ApplicationAutoScaling::ScalingPolicy"
            | "AWS::S3::BucketPolicy"
            | "AWS::SQS::QueuePolicy"
            | "AWS::SNS::TopicPolicy" => drop(required.insert("CAPABILITY_RESOURCE_POLICY")),
            "AWS::Serverless::Application" => drop(required.insert("CAPABILITY_AUTO_EXPAND")),
            "AWS::Serverless::Function" => {
                let globals = &document["Globals"]["Function"];
                function(properties, globals, &mut required);
            }
            "AWS::Serverless::StateMachine" => policies(properties, &mut required),
            _ => {}
        }
    }
    required.into_iter().map(str::to_owned).collect()
}

/// A function's role is made by SAM: from policy templates alone it needs nothing.
fn function(properties: &Value, globals: &Value, required: &mut BTreeSet<&'static str>) {
    policies(properties, required);
    let url = [properties, globals]
        .into_iter()
        .any(|place| place["FunctionUrlConfig"]["AuthType"] == "NONE");
    let is_pushed = properties["Events"]
        .as_object()
        .into_iter()
        .flatten()
        .any(|(_, event)| PUSHING.iter().any(|kind| event["Type"] == **kind));
    if url || is_pushed {
        required.insert("CAPABILITY_RESOURCE_POLICY");
    }
}

fn policies(properties: &Value, required: &mut BTreeSet<&'static str>) {
    let is_template = |policy: &Value| is_policy_template(policy);
    if !list(&properties["Policies"]).iter().all(is_template) {
        required.insert("CAPABILITY_IAM");
    }
    if properties.get("RoleName").is_some() {
        required.insert("CAPABILITY_NAMED_IAM");
    }
}

/// Whether it is one of SAM's policy templates, or a choice among such and nothing.
fn is_policy_template(policy: &Value) -> bool {
    let Some(map) = policy.as_object() else {
        return false;
    };
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) if name == "Fn::If" => argument
            .as_array()
            .is_some_and(|branches| branches.iter().skip(1).all(is_policy_template)),
        (Some((name, argument)), None) if name == "Ref" => argument == "AWS::NoValue",
        (Some((name, _)), None) => !name.starts_with("Fn::") && name != "Statement",
        _ => false,
    }
}

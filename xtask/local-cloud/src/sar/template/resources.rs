//! The types of resources that SAR takes, and what it does not take of them.
//! <https://docs.aws.amazon.com/serverlessrepo/latest/devguide/list-supported-resources.html>

use serde_json::Value;

use super::resources as all_resources;

/// Types that are known to be accepted. SAR's own list is longer; one that is not here may need adding.
const ACCEPTED: [&str; 54] = [
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Interface",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CloudWatch::InsightRule",
    "AWS::DynamoDB::Table",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Events::EventBusPolicy",
    "AWS::Events::Rule",
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::AccountPolicy",
    "AWS::Logs::Delivery",
    "AWS::Logs::DeliveryDestination",
    "AWS::Logs::DeliverySource",
    "AWS::Logs::Destination",
    "AWS::Logs::LogGroup",
    "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::Logs::SubscriptionFilter",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Serverless::Api",
    "AWS::Serverless::Application",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::SimpleTable",
    "AWS::Serverless::StateMachine",
];

/// Properties of functions that are newer than SAR's schema of SAM may be.
const TOO_NEW: [&str; 4] = [
    "TenancyConfig",
    "DurableConfig",
    "SnapStart",
    "LoggingConfig",
];

/// Whether SAR takes every resource; the error names one that it does not take.
pub(super) fn check(document: &Value) -> Result<(), String> {
    if all_resources(document).next().is_none() {
        return Err("it has no Resources".to_owned());
    }
    for (id, resource) in all_resources(document) {
        let kind = resource["Type"].as_str().unwrap_or_default();
        if !ACCEPTED.contains(&kind) {
            return Err(format!("resource {id}: the type {kind:?} is not supported"));
        }
        if matches!(kind, "AWS::Serverless::Function" | "AWS::Lambda::Function") {
            check_function(&format!("resource {id}"), &resource["Properties"])?;
        }
    }
    check_function("Globals.Function", &document["Globals"]["Function"])
}

fn check_function(place: &str, properties: &Value) -> Result<(), String> {
    if let Some(property) = TOO_NEW
        .iter()
        .find(|property| properties.get(**property).is_some())
    {
        return Err(format!("{place}: the property {property} is not supported"));
    }
    if properties["PackageType"] == "Image" || properties.get("ImageUri").is_some() {
        return Err(format!("{place}: container images are not supported"));
    }
    Ok(())
}

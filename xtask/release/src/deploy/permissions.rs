//! The IAM policies that people need for what was deployed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// IAM policies, ready to be attached to users and roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// For who registers tools, resources and prompts.
    pub administrator: Value,
    /// For who uses them with an MCP client.
    pub client: Value,
}

impl Permissions {
    /// The policies for a stack with these outputs; none if they name no functions.
    pub fn of(outputs: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            administrator: calling(outputs.get("RegistrationFunctionArn")?),
            client: calling(outputs.get("McpFunctionArn")?),
        })
    }
}

/// What calling a function by its URL takes: two permissions, since October 2025. The second one holds for calls
/// through the URL alone, so nobody can make up events.
///
/// Source: Lambda developer guide, "Control access to Lambda function URLs".
fn calling(function_arn: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "lambda:InvokeFunctionUrl",
                "Resource": function_arn,
            },
            {
                "Effect": "Allow",
                "Action": "lambda:InvokeFunction",
                "Resource": function_arn,
                "Condition": { "Bool": { "lambda:InvokedViaFunctionUrl": "true" } },
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_permissions_are_for_one_function_alone() {
        let outputs = ["McpFunctionArn", "RegistrationFunctionArn"].map(|output| {
            let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{output}");
            (output.to_owned(), arn)
        });
        let permissions = Permissions::of(&BTreeMap::from(outputs)).unwrap();
        insta::assert_snapshot!(format!("{:#}", permissions.client), @r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": "lambda:InvokeFunctionUrl",
              "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:McpFunctionArn"
            },
            {
              "Effect": "Allow",
              "Action": "lambda:InvokeFunction",
              "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:McpFunctionArn",
              "Condition": {
                "Bool": {
                  "lambda:InvokedViaFunctionUrl": "true"
                }
              }
            }
          ]
        }
        "#);
        assert_ne!(permissions.client, permissions.administrator);
        assert_eq!(Permissions::of(&BTreeMap::new()), None);
    }
}

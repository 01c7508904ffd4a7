//! A Lambda target of Amazon Bedrock AgentCore Gateway, written from Amazon's description of what such a function is
//! invoked with and from nothing else:
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use std::collections::HashMap;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

/// Parts the target's name from the tool's.
const DELIMITER: &str = "___";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let context = event.context.client_context.ok_or("no client context")?;
    let property = |name: &str| property(&context.custom, name);
    let visible_name = property("bedrockAgentCoreToolName")?;
    let (target, tool) = visible_name
        .split_once(DELIMITER)
        .ok_or("the tool's name has no target's before it")?;
    // What Amazon's examples read of the context, most of them for their logs.
    for name in [
        "bedrockAgentCoreMessageVersion",
        "bedrockAgentCoreAwsRequestId",
        "bedrockAgentCoreMcpMessageId",
        "bedrockAgentCoreGatewayId",
        "bedrockAgentCoreTargetId",
    ] {
        property(name)?;
    }
    let arguments = event.payload;
    match tool {
        "get_order" => Ok(json!({ "orderId": arguments["orderId"], "status": "SHIPPED" })),
        "list_orders" => Ok(json!([{ "orderId": "A-1" }, { "orderId": "A-2" }])),
        "describe" => Ok(json!(format!("{target} was asked with {arguments}"))),
        "mcp_result" => {
            Ok(json!({ "content": [{ "type": "text", "text": "sold out" }], "isError": true }))
        }
        "api_result" => Ok(json!({ "statusCode": 200, "body": "{\"orderId\":\"A-1\"}" })),
        _ => Err(format!("unknown tool {tool}").into()),
    }
}

fn property<'p>(custom: &'p HashMap<String, String>, name: &str) -> Result<&'p str, Error> {
    let value = custom.get(name).map(String::as_str);
    let value = value.filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("the client context lacks {name}").into())
}

"""A Lambda target of Amazon Bedrock AgentCore Gateway with two tools, as it is deployed there."""

DELIMITER = "___"


def handler(event, context):
    """The event is the tool's arguments; the tool's name stands behind the target's in the client context."""
    full_name = context.client_context.custom["bedrockAgentCoreToolName"]
    tool_name = full_name[full_name.index(DELIMITER) + len(DELIMITER) :]
    if tool_name == "get_order":
        return {"orderId": event["orderId"], "status": "SHIPPED"}
    if tool_name == "cancel_order":
        return {"orderId": event["orderId"], "status": "CANCELLED"}
    raise ValueError(f"there is no tool {tool_name}")

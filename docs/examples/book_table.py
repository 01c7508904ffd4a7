"""Books a table, and asks for how many people. Deployed on a Python runtime, with the handler `book_table.handler`."""

QUESTION = {
    "method": "elicitation/create",
    "params": {
        "message": "A table for how many?",
        "requestedSchema": {
            "type": "object",
            "properties": {"people": {"type": "integer", "minimum": 1, "maximum": 8}},
            "required": ["people"],
        },
    },
}


def handler(event, context):
    """Asks first, and is invoked again with the answer and with its own state."""
    party = event.get("inputResponses", {}).get("party")
    if party is None:
        return {
            "resultType": "input_required",
            "inputRequests": {"party": QUESTION},
            "requestState": {"table": 7},
        }
    if party["action"] != "accept":
        return "No table is booked."
    table, people = event["requestState"]["table"], party["content"]["people"]
    return f"Table {table} is booked for {people} on {event['args']['day']}."

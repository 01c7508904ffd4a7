"""Checks a server with the Python SDK.

Usage: check.py URL ERA

ERA is `legacy` (the handshake), `auto` (the SDK finds out what the server speaks), `sse` (the handshake over the transport
of 2024-11-05) or a revision without a handshake (2026-07-28).
"""

import re
import sys
import traceback
import warnings

import anyio
from mcp import Client
from mcp.client.sse import sse_client
from mcp.shared.exceptions import MCPError
from mcp_types import CreateMessageResult, ElicitResult, ListRootsResult, Root, TextContent

NEWEST = "2026-07-28"
# The older transport carries what the SDK asks for, which is always the newest revision with a handshake.
EXPECTED = {"legacy": "2025-11-25", "auto": NEWEST, "sse": "2025-11-25"}
# How long a call takes that is to be cancelled: longer than anybody waits for it.
SLOW_SECONDS = 20


class Checks:
    """Runs named checks one after the other and prints a line for each."""

    def __init__(self):
        self.failed = 0

    async def run(self, name, check):
        try:
            await check()
            print(f"  ok      {name}")
        except Exception:
            self.failed += 1
            print(f"  FAILED  {name}: {traceback.format_exc()}")


async def pages(fetch):
    """All pages of a list."""
    found = [await fetch(cursor=None)]
    while found[-1].next_cursor is not None:
        found.append(await fetch(cursor=found[-1].next_cursor))
    return found


async def refused(call, words):
    """Passes when a call ends in an error, or in a result marked as one, whose words match."""
    try:
        result = await call
    except MCPError as error:
        message = error.message
    else:
        assert getattr(result, "is_error", False), f"not refused: {result}"
        message = result.content[0].text
    assert re.search(words, message), message


async def check_server(checks, client, expected):
    """What a user of an MCP server relies on, whatever the era."""
    tools = []

    async def speaks():
        assert client.protocol_version == expected, client.protocol_version

    async def names_itself():
        assert client.server_info is None or client.server_info.name
        # A pinned revision is adopted without asking the server, so its capabilities are not known then.
        if client.server_info is not None:
            assert client.server_capabilities.tools is not None
            assert client.server_capabilities.resources is not None
            assert client.server_capabilities.prompts is not None

    async def lists_tools():
        found = await pages(client.list_tools)
        tools.extend(tool for page in found for tool in page.tools)
        names = [tool.name for tool in tools]
        assert len(found) > 1, "one page held everything"
        assert len(set(names)) == len(names), "a tool was listed twice"
        assert sum(name.startswith("paged-") for name in names) == 250
        hello = next(tool for tool in tools if tool.name == "hello")
        assert hello.input_schema["properties"]["name"]["type"] == "string"

    async def calls_tool():
        result = await client.call_tool("hello", {"name": "Ada"})
        assert not result.is_error
        assert result.content[0].text == "Hello, Ada!", result

    async def calls_last_paged_tool():
        last = [tool.name for tool in tools if tool.name.startswith("paged-")][-1]
        result = await client.call_tool(last, {"name": "Grace"})
        assert result.content[0].text == "Hello, Grace!", result

    async def reads_resource():
        found = await pages(client.list_resources)
        assert any(str(entry.uri) == "sample://greeting" for page in found for entry in page.resources)
        result = await client.read_resource("sample://greeting")
        assert result.contents[0].text

    async def reads_template():
        found = await pages(client.list_resource_templates)
        templates = [entry.uri_template for page in found for entry in page.resource_templates]
        assert "sample://greeting/{language}" in templates, templates
        result = await client.read_resource("sample://greeting/en")
        assert str(result.contents[0].uri) == "sample://greeting/en"

    async def gets_prompt():
        found = await pages(client.list_prompts)
        greet = next(prompt for page in found for prompt in page.prompts if prompt.name == "greet")
        assert [argument.name for argument in greet.arguments] == ["name"]
        result = await client.get_prompt("greet", {"name": "Ada"})
        assert "Ada" in result.messages[0].content.text

    await checks.run(f"speaks {expected}", speaks)
    await checks.run("names itself", names_itself)
    await checks.run("lists all tools over several pages", lists_tools)
    await checks.run("calls a tool", calls_tool)
    await checks.run("calls the last of the paged tools", calls_last_paged_tool)
    await checks.run(
        "is told about wrong arguments",
        lambda: refused(client.call_tool("hello", {"name": 7}), "name"),
    )
    await checks.run(
        "is told about an unknown tool",
        lambda: refused(client.call_tool("no-such-tool", {}), "no-such-tool"),
    )
    await checks.run("lists and reads a resource", reads_resource)
    await checks.run("lists and reads through a resource template", reads_template)
    await checks.run(
        "is told about an unknown resource",
        lambda: refused(client.read_resource("sample://no-such-resource"), "(?i)no-such-resource|not found"),
    )
    await checks.run("lists and gets a prompt", gets_prompt)
    await checks.run(
        "is told about a missing prompt argument",
        lambda: refused(client.get_prompt("greet", {}), "name"),
    )


class User:
    """Answers what the server asks, and takes down what it logs."""

    def __init__(self):
        self.logged = []

    async def elicitation(self, context, params):
        return ElicitResult(action="accept", content={name: "yes" for name in params.requested_schema["properties"]})

    async def sampling(self, context, params):
        return CreateMessageResult(role="assistant", model="check", content=TextContent(type="text", text="Paris"))

    async def roots(self, context):
        return ListRootsResult(roots=[Root(uri="file:///home/ada", name="home")])

    async def log(self, params):
        self.logged.append(params.data)


async def check_exchange(checks, client, user):
    """What a server says and asks while it works on a call."""

    async def call(name, arguments=None, **options):
        result = await client.call_tool(name, arguments or {}, **options)
        assert not result.is_error, result
        return result.content[0].text

    async def hears_of_progress():
        heard = []

        async def progressed(progress, total, message):
            heard.append((progress, total))

        await call("test_tool_with_progress", progress_callback=progressed)
        assert heard == [(0, 100), (50, 100), (100, 100)], heard

    async def gets_log_messages():
        user.logged.clear()
        await call("test_tool_with_logging")
        assert user.logged == ["Tool execution started", "Tool processing data", "Tool execution completed"], user.logged

    async def elicits():
        answer = await call("test_elicitation", {"message": "Well?"})
        assert answer == 'User response: action=accept, content={"response":"yes"}', answer

    async def samples():
        answer = await call("test_sampling", {"prompt": "Which city?"})
        assert answer == "LLM response: Paris", answer

    async def asks_for_roots():
        answer = await call("test_input_required_result_list_roots")
        assert answer == "Found 1 roots", answer

    async def asks_several_things():
        answer = await call("test_input_required_result_multiple_inputs")
        assert answer == "Paris yes, 1 roots", answer

    async def cancels():
        async with anyio.create_task_group() as group:
            group.start_soon(call, "slow_compute", {"seconds": SLOW_SECONDS})
            # The next answer says that the server has had the slow call before it.
            await call("greet", {"name": "Ada"})
            group.cancel_scope.cancel()
        assert await call("greet", {"name": "Grace"}) == "Hello, Grace!"

    await checks.run("hears of progress", hears_of_progress)
    await checks.run("gets log messages", gets_log_messages)
    await checks.run("is asked by an elicitation", elicits)
    await checks.run("is asked by a sampling", samples)
    await checks.run("is asked for its roots", asks_for_roots)
    await checks.run("is asked several things at once", asks_several_things)
    await checks.run("cancels a call", cancels)


async def check_listening(checks, client):
    """Streams of changes, which are since 2026-07-28."""

    async def listens():
        async with client.listen(tools_list_changed=True) as subscription:
            await client.call_tool("test_trigger_tool_change", {})
            async for _ in subscription:
                break

    await checks.run("listens to changes", listens)


async def main():
    url, era = sys.argv[1:]
    checks = Checks()
    user = User()
    expected = EXPECTED.get(era, era)
    server, mode = (sse_client(url.replace("/mcp", "/sse")), "legacy") if era == "sse" else (url, era)
    answers = {
        "elicitation_callback": user.elicitation,
        "sampling_callback": user.sampling,
        "list_roots_callback": user.roots,
        "logging_callback": user.log,
        "log_level": "info",
    }
    # The SDK warns of what newer revisions no longer have; this one has it.
    warnings.simplefilter("ignore")
    try:
        async with Client(server, mode=mode, **answers) as client:
            print("  ok      connects")
            if expected != NEWEST:
                await checks.run("pings", client.send_ping)
                await checks.run("sets the log level", lambda: client.set_logging_level("info"))
            await check_server(checks, client, expected)
            await check_exchange(checks, client, user)
            if expected == NEWEST:
                await check_listening(checks, client)
        print("  ok      closes")
    except Exception:
        checks.failed += 1
        print(f"  FAILED  connection: {traceback.format_exc()}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))

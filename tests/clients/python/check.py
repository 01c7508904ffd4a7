"""Checks a server with the Python SDK.

Usage: check.py URL ERA

ERA is `legacy` (the handshake), `auto` (the SDK finds out what the server speaks) or a revision without a handshake
(2026-07-28).
"""

import re
import sys
import traceback
import warnings

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError

NEWEST = "2026-07-28"
EXPECTED = {"legacy": "2025-11-25", "auto": NEWEST}


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

    async def calls_last_tool():
        result = await client.call_tool(tools[-1].name, {"name": "Grace"})
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
    await checks.run("calls the last tool of the last page", calls_last_tool)
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


async def main():
    url, era = sys.argv[1:]
    checks = Checks()
    try:
        async with Client(url, mode=era) as client:
            print("  ok      connects")
            if era == "legacy":
                # The SDK warns that newer revisions have no ping; this one has.
                warnings.simplefilter("ignore")
                await checks.run("pings", client.send_ping)
            await check_server(checks, client, EXPECTED.get(era, era))
        print("  ok      closes")
    except Exception:
        checks.failed += 1
        print(f"  FAILED  connection: {traceback.format_exc()}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))

"""An assistant asks by the Model Context Protocol, with the protocol's own client: over HTTP, and on standard input of
`annals mcp`. The arguments are the address of a server, the binary and a store."""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

HTTP, BINARY, STORE = sys.argv[1:]


async def asks(client):
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"views", "describe", "query", "problems", "blamelist"}, set(tools)
    assert all(tool.annotations.read_only_hint for tool in tools.values())

    async def call(name, **arguments):
        result = await client.call_tool(name, arguments)
        return result.is_error, "".join(block.text for block in result.content)

    failed, views = await call("views")
    assert not failed and "blamelist" in views, views
    failed, columns = await call("describe", view="problem")
    assert not failed and "opened_at" in columns, columns
    failed, problems = await call("problems", state="all", limit=5)
    assert not failed and "problem_id" in problems, problems
    failed, answer = await call("query", sql="SELECT problem_id FROM guilty ORDER BY problem_id LIMIT 1")
    problem = json.loads(answer.splitlines()[1])[0]
    failed, blamed = await call("blamelist", problem_id=problem)
    assert not failed and "Suspects:" in blamed and len(blamed.splitlines()) > 6, blamed
    for sql, says in [
        ("DELETE FROM problem", "not allowed"),
        ("SELECT nope FROM problem", "line 1, column 8"),
        ("COPY problem TO '/tmp/x'", "not allowed"),
        ("SELECT author_email FROM raw.change", "author_email"),
    ]:
        failed, text = await call("query", sql=sql)
        assert failed and says in text, (sql, text)
    failed, many = await call("query", sql="SELECT value FROM range(0, 100000)", limit=10)
    assert not failed and "There are more rows" in many and len(many.splitlines()) < 20, many


async def main():
    async with Client(f"http://{HTTP}/mcp") as client:
        await asks(client)
    local = StdioServerParameters(command=BINARY, args=["--store", STORE, "mcp"])
    async with Client(stdio_client(local)) as client:
        await asks(client)


asyncio.run(main())

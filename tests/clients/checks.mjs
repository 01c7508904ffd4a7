// The checks that both TypeScript clients go through: what a user of an MCP server relies on, whatever the era.

import assert from 'node:assert/strict';

/** Runs named checks one after the other, prints a line for each, and remembers whether all of them passed. */
export class Checks {
    failed = 0;

    async run(name, check) {
        try {
            await check();
            console.log(`  ok      ${name}`);
        } catch (error) {
            this.failed += 1;
            console.log(`  FAILED  ${name}: ${error?.stack ?? error}`);
        }
    }
}

/** A fetch that counts requests by MCP method. */
export function countingFetch() {
    const counts = new Map();
    const counting = async (url, init) => {
        if (typeof init?.body === 'string') {
            const method = JSON.parse(init.body).method;
            counts.set(method, (counts.get(method) ?? 0) + 1);
        }
        return fetch(url, init);
    };
    return { fetch: counting, requests: method => counts.get(method) ?? 0 };
}

/** All entries of a list: follows cursors when the client does not do it itself. */
async function all(list, field) {
    const entries = [];
    let cursor;
    do {
        const page = await list(cursor === undefined ? undefined : { cursor });
        entries.push(...page[field]);
        cursor = page.nextCursor;
    } while (cursor !== undefined);
    return entries;
}

/** The text of a result's first content. */
function text(result) {
    assert.equal(result.content[0].type, 'text');
    return result.content[0].text;
}

/**
 * Checks a connected client.
 *
 * `requests(method)` says how many requests of a method went out; `version` is the protocol revision agreed on.
 */
export async function checkServer(checks, client, { version, expected, requests }) {
    await checks.run(`speaks ${expected}`, () => assert.equal(version, expected));

    await checks.run('names itself', () => {
        assert.equal(typeof client.getServerVersion()?.name, 'string');
        assert.ok(client.getServerCapabilities()?.tools, 'tools are a capability');
        assert.ok(client.getServerCapabilities()?.resources, 'resources are a capability');
        assert.ok(client.getServerCapabilities()?.prompts, 'prompts are a capability');
    });

    let tools = [];
    await checks.run('lists all tools over several pages', async () => {
        tools = await all(params => client.listTools(params), 'tools');
        const names = tools.map(tool => tool.name);
        assert.ok(requests('tools/list') > 1, 'one page held everything');
        assert.equal(new Set(names).size, names.length, 'a tool was listed twice');
        assert.equal(names.filter(name => name.startsWith('paged-')).length, 250);
        const hello = tools.find(tool => tool.name === 'hello');
        assert.equal(hello.inputSchema.type, 'object');
        assert.equal(hello.inputSchema.properties.name.type, 'string');
    });

    await checks.run('calls a tool', async () => {
        const result = await client.callTool({ name: 'hello', arguments: { name: 'Ada' } });
        assert.ok(!result.isError);
        assert.equal(text(result), 'Hello, Ada!');
    });

    await checks.run('calls the last of the paged tools', async () => {
        const last = tools.findLast(tool => tool.name.startsWith('paged-'));
        const result = await client.callTool({ name: last.name, arguments: { name: 'Grace' } });
        assert.equal(text(result), 'Hello, Grace!');
    });

    await checks.run('is told about wrong arguments', () =>
        refused(client.callTool({ name: 'hello', arguments: { name: 7 } }), /name/)
    );

    await checks.run('is told about an unknown tool', () =>
        refused(client.callTool({ name: 'no-such-tool', arguments: {} }), /no-such-tool/)
    );

    await checks.run('lists and reads a resource', async () => {
        const resources = await all(params => client.listResources(params), 'resources');
        const greeting = resources.find(resource => resource.uri === 'sample://greeting');
        assert.ok(greeting, 'sample://greeting is not listed');
        const { contents } = await client.readResource({ uri: greeting.uri });
        assert.equal(contents[0].uri, greeting.uri);
        assert.ok(contents[0].text.length > 0);
    });

    await checks.run('lists and reads through a resource template', async () => {
        const templates = await all(params => client.listResourceTemplates(params), 'resourceTemplates');
        const template = templates.find(entry => entry.uriTemplate === 'sample://greeting/{language}');
        assert.ok(template, 'sample://greeting/{language} is not listed');
        const { contents } = await client.readResource({ uri: 'sample://greeting/en' });
        assert.equal(contents[0].uri, 'sample://greeting/en');
    });

    await checks.run('is told about an unknown resource', () =>
        refused(client.readResource({ uri: 'sample://no-such-resource' }), /sample:\/\/no-such-resource|not found/i)
    );

    await checks.run('lists and gets a prompt', async () => {
        const prompts = await all(params => client.listPrompts(params), 'prompts');
        const greet = prompts.find(prompt => prompt.name === 'greet');
        assert.deepEqual(greet.arguments.map(argument => argument.name), ['name']);
        const { messages } = await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } });
        assert.match(messages[0].content.text, /Ada/);
    });

    await checks.run('is told about a missing prompt argument', () =>
        refused(client.getPrompt({ name: 'greet', arguments: {} }), /name/)
    );
}

/** How long a call takes that is to be cancelled: longer than anybody waits for it. */
const SLOW_SECONDS = 20;

/**
 * Checks what a server says and asks while it works on a call.
 *
 * `call(params, options)` calls a tool, with `onprogress` and `signal` among its options; `logged` are the data of the
 * log messages the client got; `client` answers elicitations with `{response: 'yes'}`, samplings with `Paris`, and has
 * one root.
 */
export async function checkExchange(checks, { call, logged }) {
    const called = async (name, args = {}, options = {}) => text(await call({ name, arguments: args }, options));

    await checks.run('hears of progress', async () => {
        const heard = [];
        await called('test_tool_with_progress', {}, { onprogress: ({ progress, total }) => heard.push(`${progress}/${total}`) });
        assert.deepEqual(heard, ['0/100', '50/100', '100/100']);
    });

    await checks.run('gets log messages', async () => {
        logged.length = 0;
        await called('test_tool_with_logging');
        assert.deepEqual(logged, ['Tool execution started', 'Tool processing data', 'Tool execution completed']);
    });

    await checks.run('is asked by an elicitation', async () =>
        assert.equal(await called('test_elicitation', { message: 'Well?' }), 'User response: action=accept, content={"response":"yes"}')
    );

    await checks.run('is asked by a sampling', async () =>
        assert.equal(await called('test_sampling', { prompt: 'Which city?' }), 'LLM response: Paris')
    );

    await checks.run('is asked for its roots', async () =>
        assert.equal(await called('test_input_required_result_list_roots'), 'Found 1 roots')
    );

    await checks.run('is asked several things at once', async () =>
        assert.equal(await called('test_input_required_result_multiple_inputs'), 'Paris yes, 1 roots')
    );

    await checks.run('cancels a call', async () => {
        const controller = new AbortController();
        const slow = called('slow_compute', { seconds: SLOW_SECONDS }, { signal: controller.signal });
        // The next answer says that the server has had the slow call before it.
        await called('greet', { name: 'Ada' });
        controller.abort();
        await assert.rejects(slow);
        assert.equal(await called('greet', { name: 'Grace' }), 'Hello, Grace!');
    });
}

/** What the user and the model of the clients here answer. */
export const ANSWERS = {
    elicitation: ({ params }) => ({
        action: 'accept',
        content: Object.fromEntries(Object.keys(params.requestedSchema.properties).map(name => [name, 'yes'])),
    }),
    sampling: () => ({ role: 'assistant', model: 'checks', stopReason: 'endTurn', content: { type: 'text', text: 'Paris' } }),
    roots: () => ({ roots: [{ uri: 'file:///home/ada', name: 'home' }] }),
};

/** What the clients here declare. */
export const CAPABILITIES = { elicitation: {}, sampling: {}, roots: {} };

/** Passes when a call ends in an error, or in a result marked as one, whose words match. */
async function refused(call, words) {
    let message;
    try {
        const result = await call;
        assert.equal(result.isError, true, `not refused: ${JSON.stringify(result)}`);
        message = text(result);
    } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        message = error.message;
    }
    assert.match(message, words);
}

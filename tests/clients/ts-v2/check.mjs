// Checks a server with the TypeScript SDK, version 2.
//
// Usage: node check.mjs URL ERA
//
// ERA is `legacy` (the handshake as the SDK does it by default), `auto` (the SDK finds out what the server speaks),
// `sse` (the transport of 2024-11-05), a revision with a handshake (2025-…), or a revision without one (2026-07-28).

import assert from 'node:assert/strict';

import { Client, LOG_LEVEL_META_KEY, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { ANSWERS, CAPABILITIES, Checks, checkExchange, checkServer, countingFetch } from './checks.mjs';

const NEWEST = '2026-07-28';
const NEWEST_WITH_HANDSHAKE = '2025-11-25';
const FIRST = '2024-11-05';

const [url, era] = process.argv.slice(2);

/** How the client is told to talk, and the revision that must come of it. */
function negotiation() {
    if (era === 'sse') return { options: { supportedProtocolVersions: [FIRST] }, expected: FIRST };
    if (era === 'legacy') return { options: {}, expected: NEWEST_WITH_HANDSHAKE };
    if (era === 'auto') return { options: { versionNegotiation: { mode: 'auto' } }, expected: NEWEST };
    if (era >= NEWEST) return { options: { versionNegotiation: { mode: { pin: era } } }, expected: era };
    return { options: { supportedProtocolVersions: [era] }, expected: era };
}

const checks = new Checks();
const { options, expected } = negotiation();
const { fetch, requests } = countingFetch();
const client = new Client({ name: 'check-ts-v2', version: '1.0.0' }, { ...options, capabilities: CAPABILITIES });
client.setRequestHandler('elicitation/create', ANSWERS.elicitation);
client.setRequestHandler('sampling/createMessage', ANSWERS.sampling);
client.setRequestHandler('roots/list', ANSWERS.roots);
const logged = [];
client.setNotificationHandler('notifications/message', ({ params }) => logged.push(params.data));

function transport() {
    if (era === 'sse') return new SSEClientTransport(new URL('/sse', url), { fetch });
    return new StreamableHTTPClientTransport(new URL(url), { fetch });
}

/** Since 2026-07-28 every request says for itself which log messages it wants. */
function call(params, callOptions) {
    const _meta = expected < NEWEST ? {} : { [LOG_LEVEL_META_KEY]: 'info' };
    return client.callTool({ ...params, _meta }, callOptions);
}

await checks.run('connects', () => client.connect(transport()));
if (checks.failed === 0) {
    if (expected < NEWEST) {
        await checks.run('pings', () => client.ping());
        await checks.run('sets the log level', () => client.setLoggingLevel('info'));
    }
    await checkServer(checks, client, { version: client.getNegotiatedProtocolVersion(), expected, requests });
    await checkExchange(checks, { call, logged });
    if (expected >= NEWEST) {
        await checks.run('listens to changes', async () => {
            const changed = new Promise(resolve => client.setNotificationHandler('notifications/tools/list_changed', resolve));
            const subscription = await client.listen({ toolsListChanged: true });
            assert.equal(subscription.honoredFilter.toolsListChanged, true);
            await call({ name: 'test_trigger_tool_change', arguments: {} });
            await changed;
            await subscription.close();
        });
    }
    await checks.run('closes', () => client.close());
}
process.exitCode = checks.failed === 0 ? 0 : 1;

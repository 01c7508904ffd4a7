// Checks a server with the TypeScript SDK, version 2.
//
// Usage: node check.mjs URL ERA
//
// ERA is `legacy` (the handshake as the SDK does it by default), `auto` (the SDK finds out what the server speaks),
// a revision with a handshake (2025-…), or a revision without one (2026-07-28).

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { Checks, checkServer, countingFetch } from './checks.mjs';

const NEWEST = '2026-07-28';
const NEWEST_WITH_HANDSHAKE = '2025-11-25';

const [url, era] = process.argv.slice(2);

/** How the client is told to talk, and the revision that must come of it. */
function negotiation() {
    if (era === 'legacy') return { options: {}, expected: NEWEST_WITH_HANDSHAKE };
    if (era === 'auto') return { options: { versionNegotiation: { mode: 'auto' } }, expected: NEWEST };
    if (era >= NEWEST) return { options: { versionNegotiation: { mode: { pin: era } } }, expected: era };
    return { options: { supportedProtocolVersions: [era] }, expected: era };
}

const checks = new Checks();
const { options, expected } = negotiation();
const { fetch, requests } = countingFetch();
const client = new Client({ name: 'check-ts-v2', version: '1.0.0' }, options);

await checks.run('connects', () => client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch })));
if (checks.failed === 0) {
    if (expected < NEWEST) {
        await checks.run('pings', () => client.ping());
    }
    await checkServer(checks, client, { version: client.getNegotiatedProtocolVersion(), expected, requests });
    await checks.run('closes', () => client.close());
}
process.exitCode = checks.failed === 0 ? 0 : 1;

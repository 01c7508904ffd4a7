// Checks a server with the TypeScript SDK, version 1.
//
// Usage: node check.mjs URL REVISION
//
// The SDK always asks for its newest revision and accepts any older one that the server answers with; the transport
// below asks for REVISION instead, so that every revision is spoken.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Checks, checkServer, countingFetch } from './checks.mjs';

const [url, revision] = process.argv.slice(2);

class TransportOfRevision extends StreamableHTTPClientTransport {
    send(message, options) {
        if (message.method === 'initialize') {
            message = { ...message, params: { ...message.params, protocolVersion: revision } };
        }
        return super.send(message, options);
    }
}

const checks = new Checks();
const { fetch, requests } = countingFetch();
const transport = new TransportOfRevision(new URL(url), { fetch });
const client = new Client({ name: 'check-ts-v1', version: '1.0.0' });

await checks.run('connects', () => client.connect(transport));
if (checks.failed === 0) {
    await checks.run('pings', () => client.ping());
    await checkServer(checks, client, { version: transport.protocolVersion, expected: revision, requests });
    await checks.run('closes', () => client.close());
}
process.exitCode = checks.failed === 0 ? 0 : 1;

// Checks a server with the TypeScript SDK, version 1.
//
// Usage: node check.mjs URL REVISION
//
// The SDK always asks for its newest revision and accepts any older one that the server answers with; the transports
// below ask for REVISION instead, so that every revision is spoken. 2024-11-05 is spoken over its own transport.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
    CallToolResultSchema,
    CreateMessageRequestSchema,
    ElicitRequestSchema,
    ListRootsRequestSchema,
    LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { ANSWERS, CAPABILITIES, Checks, checkExchange, checkServer, countingFetch } from './checks.mjs';

const FIRST = '2024-11-05';

const [url, revision] = process.argv.slice(2);

const ofRevision = Transport =>
    class extends Transport {
        send(message, options) {
            if (message.method === 'initialize') {
                message = { ...message, params: { ...message.params, protocolVersion: revision } };
            }
            return super.send(message, options);
        }

        // Called with what was agreed on; the transport of 2024-11-05 keeps it to itself.
        setProtocolVersion(version) {
            this.agreed = version;
            super.setProtocolVersion(version);
        }
    };

const checks = new Checks();
const { fetch, requests } = countingFetch();
const transport =
    revision === FIRST
        ? new (ofRevision(SSEClientTransport))(new URL('/sse', url), { fetch })
        : new (ofRevision(StreamableHTTPClientTransport))(new URL(url), { fetch });
const client = new Client({ name: 'check-ts-v1', version: '1.0.0' }, { capabilities: CAPABILITIES });
client.setRequestHandler(ElicitRequestSchema, ANSWERS.elicitation);
client.setRequestHandler(CreateMessageRequestSchema, ANSWERS.sampling);
client.setRequestHandler(ListRootsRequestSchema, ANSWERS.roots);
const logged = [];
client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));

await checks.run('connects', () => client.connect(transport));
if (checks.failed === 0) {
    await checks.run('pings', () => client.ping());
    await checks.run('sets the log level', () => client.setLoggingLevel('info'));
    await checkServer(checks, client, { version: transport.agreed, expected: revision, requests });
    await checkExchange(checks, { call: (params, options) => client.callTool(params, CallToolResultSchema, options), logged });
    await checks.run('closes', () => client.close());
}
process.exitCode = checks.failed === 0 ? 0 : 1;

// Runs a handler of Lambda's managed Node.js runtime on your own machine.
//
// Usage, as the command of a local function: node bootstrap.mjs FILE
//
// FILE is an ES module that exports `handler`, also a streaming one by `awslambda.streamifyResponse`. Deployed, the
// managed runtime does what this program does, with the same Runtime API:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const STREAMING = Symbol('streams its response');
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

globalThis.awslambda = { streamifyResponse: handler => Object.assign(handler, { [STREAMING]: true }) };

// `node:http` rather than `fetch`, which gives up waiting for the next event after five minutes.
function request(method, url, headers = {}) {
    const sent = http.request(url, { method, headers });
    const answered = new Promise((resolve, reject) => {
        sent.on('error', reject);
        sent.on('response', async response => {
            response.setEncoding('utf8');
            let body = '';
            for await (const text of response) body += text;
            resolve({ headers: response.headers, body });
        });
    });
    return { sent, answered };
}

async function exchange(method, url, body) {
    const { sent, answered } = request(method, url);
    sent.end(body);
    return answered;
}

function report(error) {
    return { errorType: error?.name ?? 'Error', errorMessage: error?.message ?? String(error) };
}

async function stream(handler, event, context, url) {
    const { sent, answered } = request('POST', `${url}/response`, {
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
        Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    });
    try {
        await handler(event, sent, context);
    } catch (error) {
        console.error(error);
        sent.addTrailers({
            'Lambda-Runtime-Function-Error-Type': report(error).errorType,
            'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(report(error))).toString('base64'),
        });
    }
    if (!sent.writableEnded) sent.end();
    await answered;
}

async function answer(handler, event, context, url) {
    try {
        await exchange('POST', `${url}/response`, JSON.stringify((await handler(event, context)) ?? null));
    } catch (error) {
        console.error(error);
        await exchange('POST', `${url}/error`, JSON.stringify(report(error)));
    }
}

let handler;
try {
    ({ handler } = await import(pathToFileURL(path.resolve(process.argv[2]))));
} catch (error) {
    console.error(error);
    await exchange('POST', `${api}/init/error`, JSON.stringify(report(error)));
    process.exit(1);
}
for (;;) {
    const next = await exchange('GET', `${api}/invocation/next`);
    const { headers } = next;
    const context = {
        awsRequestId: headers['lambda-runtime-aws-request-id'],
        invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
        clientContext: JSON.parse(headers['lambda-runtime-client-context'] ?? 'null') ?? undefined,
        getRemainingTimeInMillis: () => Number(headers['lambda-runtime-deadline-ms']) - Date.now(),
    };
    const url = `${api}/invocation/${context.awsRequestId}`;
    await (handler[STREAMING] ? stream : answer)(handler, JSON.parse(next.body), context, url);
}

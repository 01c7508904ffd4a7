// The function behind those registrations of the official conformance suite that say something before they answer.

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const done = text => ({ type: 'result', result: { content: [{ type: 'text', text }] } });
const log = data => ({ type: 'log', level: 'info', data });

async function* withLogging() {
    yield log('Tool execution started');
    await sleep(50);
    yield log('Tool processing data');
    await sleep(50);
    yield log('Tool execution completed');
    yield done('Tool with logging executed successfully');
}

async function* withProgress() {
    for (const progress of [0, 50, 100]) {
        yield { type: 'progress', progress, total: 100, message: `Completed step ${progress} of 100` };
        await sleep(50);
    }
    yield done('Tool with progress executed successfully');
}

const NAME = {
    method: 'elicitation/create',
    params: { message: 'What is your name?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
};

async function* elicitation({ inputResponses }) {
    yield { type: 'progress', progress: 1, total: 2 };
    if (inputResponses) yield done('Streaming complete');
    else yield { type: 'result', result: { resultType: 'input_required', inputRequests: { name: NAME } } };
}

async function* diagnostic() {
    yield log('Diagnostic trace');
    yield done('Logging evaluated');
}

// Lets the connection go; whoever comes back for the rest gets it.
async function* reconnection() {
    yield { type: 'detach', retryMs: 500 };
    await sleep(100);
    yield done('The stream was resumed');
}

const tools = {
    test_tool_with_logging: withLogging,
    test_tool_with_progress: withProgress,
    test_streaming_elicitation: elicitation,
    test_logging_tool: diagnostic,
    test_reconnection: reconnection,
};

export const handler = awslambda.streamifyResponse(async (event, stream) => {
    for await (const frame of tools[event.extra.registration.name](event)) stream.write(`${JSON.stringify(frame)}\n`);
    stream.end();
});

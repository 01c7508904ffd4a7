// The function behind the registrations that the official conformance suite asks for. What each has to answer is told
// by `conformance list --server` and the descriptions of the scenarios.

const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SOUND = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = text => ({ type: 'text', text });
const image = { type: 'image', data: IMAGE, mimeType: 'image/png' };
const embedded = (uri, mimeType, text) => ({ type: 'resource', resource: { uri, mimeType, text } });
const result = (...content) => ({ content });
const messages = (...contents) => ({ messages: contents.map(content => ({ role: 'user', content })) });

const ask = (inputRequests, requestState) => ({ resultType: 'input_required', inputRequests, requestState });
const form = (message, properties, required = Object.keys(properties)) => ({
    method: 'elicitation/create',
    params: { message, requestedSchema: { type: 'object', properties, required } },
});
const sample = (prompt, maxTokens = 100) => ({
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: text(prompt) }], maxTokens },
});
const roots = { method: 'roots/list', params: {} };

const NAME = form('What is your name?', { name: { type: 'string' } });
const CONFIRMATION = form('Please confirm', { ok: { type: 'boolean' } });

// Asks until everything is answered, and makes its answer of the responses.
const asking = (questions, answer, state) => event => {
    const responses = event.inputResponses ?? {};
    return Object.keys(questions).every(key => key in responses) ? answer(responses, event) : ask(questions, state);
};
// What the user answered a form with.
const filled = what => ({ form }) => result(text(`${what}: action=${form.action}, content=${JSON.stringify(form.content ?? {})}`));

const sleep = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000));

// Writes its own registration or another one again, which changes the list that it is in. Locally, the registration
// function's URL has the Lambda API's origin.
async function writeAgain(id) {
    const url = `${process.env.AWS_ENDPOINT_URL_LAMBDA}/register/${id}`;
    const registration = await (await fetch(url)).json();
    const headers = { 'Content-Type': 'application/json' };
    const written = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(registration) });
    if (!written.ok) throw new Error(`${written.status} ${await written.text()}`);
    return result(text('Written'));
}

function multiRound({ inputResponses, requestState }) {
    if (inputResponses?.step2 && requestState?.round === 2) {
        return result(text(`${requestState.name} likes ${inputResponses.step2.content?.color}`));
    }
    if (inputResponses?.step1 && requestState?.round === 1) {
        const color = form('Which color do you like best?', { color: { type: 'string' } });
        return ask({ step2: color }, { round: 2, name: inputResponses.step1.content?.name });
    }
    return ask({ step1: NAME }, { round: 1 });
}

// Asks whatever the client declared it can be asked.
function capabilities({ inputResponses, extra }) {
    if (inputResponses) return result(text(`Received ${Object.keys(inputResponses).join(', ')}`));
    const questions = {};
    if (extra.clientCapabilities?.elicitation) questions.elicited = form('A value?', { value: { type: 'string' } });
    if (extra.clientCapabilities?.sampling) questions.sampled = sample('Say something', 50);
    return Object.keys(questions).length > 0 ? ask(questions) : result(text('There is nothing that could be asked'));
}

// Asks first, and goes on as a task with what was answered.
function taskAfterQuestion({ inputResponses, extra }) {
    if (!inputResponses) return ask({ user_name: NAME });
    if (!extra.task) return { resultType: 'task' };
    return result(text(`Hello, ${inputResponses.user_name.content?.name}!`));
}

const tools = {
    test_simple_text: () => result(text('This is a simple text response for testing.')),
    test_image_content: () => result(image),
    test_audio_content: () => result({ type: 'audio', data: SOUND, mimeType: 'audio/wav' }),
    test_embedded_resource: () => result(embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')),
    test_multiple_content_types: () =>
        result(text('Multiple content types test:'), image, embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}')),
    test_error_handling: () => ({ ...result(text('This tool intentionally returns an error for testing')), isError: true }),
    json_schema_2020_12_tool: ({ args }) => result(text(JSON.stringify(args))),
    test_custom_header: ({ args }) => result(text(JSON.stringify(args))),

    test_sampling: event => asking({ sampled: sample(event.args.prompt) }, ({ sampled }) => result(text(`LLM response: ${sampled.content?.text}`)))(event),
    test_elicitation: event =>
        asking({ form: form(event.args.message, { response: { type: 'string', description: "User's response" } }) }, filled('User response'))(event),
    test_elicitation_sep1034_defaults: asking(
        {
            form: form(
                'Please review and update the form fields with defaults',
                {
                    name: { type: 'string', description: 'User name', default: 'John Doe' },
                    age: { type: 'integer', description: 'User age', default: 30 },
                    score: { type: 'number', description: 'User score', default: 95.5 },
                    status: { type: 'string', description: 'User status', enum: ['active', 'inactive', 'pending'], default: 'active' },
                    verified: { type: 'boolean', description: 'Verification status', default: true },
                },
                [],
            ),
        },
        filled('Elicitation completed'),
    ),
    test_elicitation_sep1330_enums: asking(
        {
            form: form(
                'Please select options from the enum fields',
                {
                    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
                    titledSingle: {
                        type: 'string',
                        oneOf: [
                            { const: 'value1', title: 'First Option' },
                            { const: 'value2', title: 'Second Option' },
                            { const: 'value3', title: 'Third Option' },
                        ],
                    },
                    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
                    untitledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
                    titledMulti: {
                        type: 'array',
                        minItems: 1,
                        maxItems: 3,
                        items: {
                            anyOf: [
                                { const: 'value1', title: 'First Choice' },
                                { const: 'value2', title: 'Second Choice' },
                                { const: 'value3', title: 'Third Choice' },
                            ],
                        },
                    },
                },
                [],
            ),
        },
        filled('Elicitation completed'),
    ),

    test_missing_capability: asking({ sampled: sample('Say something') }, () => result(text('Sampled'))),
    test_trigger_tool_change: ({ extra }) => writeAgain(`tool-${extra.registration.name}`),
    test_trigger_prompt_change: () => writeAgain('prompt-test_simple_prompt'),

    test_input_required_result_elicitation: asking({ user_name: NAME }, ({ user_name }) => result(text(`Hello, ${user_name.content?.name}!`))),
    test_input_required_result_sampling: asking({ capital_question: sample('What is the capital of France?') }, ({ capital_question }) =>
        result(text(`Sampled: ${capital_question.content?.text}`)),
    ),
    test_input_required_result_list_roots: asking({ client_roots: roots }, ({ client_roots }) => result(text(`Found ${client_roots.roots.length} roots`))),
    test_input_required_result_request_state: asking(
        { confirm: CONFIRMATION },
        (_, { requestState }) => result(text(requestState?.kind === 'request-state' ? 'state-ok' : 'The state is missing')),
        { kind: 'request-state' },
    ),
    test_input_required_result_multiple_inputs: asking(
        { user_name: NAME, greeting: sample('Generate a greeting', 50), client_roots: roots },
        ({ user_name, greeting, client_roots }) => result(text(`${greeting.content?.text} ${user_name.content?.name}, ${client_roots.roots.length} roots`)),
        { kind: 'multiple-inputs' },
    ),
    test_input_required_result_multi_round: multiRound,
    test_input_required_result_tampered_state: asking({ confirm: CONFIRMATION }, () => result(text('integrity-ok')), { kind: 'tamper-test' }),
    test_input_required_result_capabilities: capabilities,

    greet: ({ args }) => result(text(`Hello, ${args.name}!`)),
    slow_compute: async ({ args }) => {
        await sleep(args.seconds);
        return result(text(`Computed ${args.label ?? 'something'} in ${args.seconds} s`));
    },
    failing_job: async () => {
        await sleep(1);
        return { ...result(text('The job failed')), isError: true };
    },
    protocol_error_job: () => ({ resultType: 'error', error: { code: -32603, message: 'The job broke off' } }),
    confirm_delete: event =>
        asking({ confirmation: form(`Delete ${event.args.filename}?`, { confirm: { type: 'boolean' } }) }, () => result(text(`Deleted ${event.args.filename}`)))(event),
    multi_input: asking({ first: form('First?', { name: { type: 'string' } }), second: form('Second?', { name: { type: 'string' } }) }, () =>
        result(text('Both are answered')),
    ),
    test_tool_with_task: taskAfterQuestion,
};

const resources = {
    'static-text': ({ uri }) => ({ contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] }),
    'static-binary': ({ uri }) => ({ contents: [{ uri, mimeType: 'image/png', blob: IMAGE }] }),
    template: ({ uri, variables: { id } }) => ({
        contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }],
    }),
    'watched-resource': ({ uri }) => ({ contents: [{ uri, mimeType: 'text/plain', text: 'Watched resource content' }] }),
};

const prompts = {
    test_simple_prompt: () => messages(text('This is a simple prompt for testing.')),
    test_prompt_with_arguments: ({ args: { arg1, arg2 } }) => messages(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    test_prompt_with_embedded_resource: ({ args: { resourceUri } }) =>
        messages(embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'), text('Please process the embedded resource above.')),
    test_prompt_with_image: () => messages(image, text('Please analyze the image above.')),
    test_input_required_result_prompt: asking({ user_context: form('In what context?', { context: { type: 'string' } }) }, ({ user_context }) =>
        messages(text(`In the context of ${user_context.content?.context}`)),
    ),
};

export async function handler(event) {
    const { type, name } = event.extra.registration;
    return { tool: tools, resource: resources, prompt: prompts }[type][name](event);
}

// Books a table: says how far it is, and asks for how many people. Deployed on a Node.js runtime, with the handler
// `book_table.handler`.

const QUESTION = {
    method: 'elicitation/create',
    params: {
        message: 'A table for how many?',
        requestedSchema: {
            type: 'object',
            properties: { people: { type: 'integer', minimum: 1, maximum: 8 } },
            required: ['people'],
        },
    },
};

// Asks first, and is invoked again with the answer and with its own state.
async function* book({ args: { day }, inputResponses, requestState }) {
    const party = inputResponses?.party;
    if (!party) {
        yield { type: 'progress', progress: 1, total: 2, message: `Looking for a table on ${day}` };
        const asked = { resultType: 'input_required', inputRequests: { party: QUESTION }, requestState: { table: 7 } };
        yield { type: 'result', result: asked };
    } else if (party.action !== 'accept') {
        yield { type: 'result', result: 'No table is booked.' };
    } else {
        yield { type: 'progress', progress: 2, total: 2, message: 'Booking it' };
        const booked = `Table ${requestState.table} is booked for ${party.content.people} on ${day}.`;
        yield { type: 'result', result: booked };
    }
}

export const handler = awslambda.streamifyResponse(async (event, stream) => {
    for await (const frame of book(event)) stream.write(`${JSON.stringify(frame)}\n`);
    stream.end();
});

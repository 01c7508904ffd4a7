// Counts the words of a text. Deployed on a Node.js runtime, with the handler `count_words.handler`.

// An object is the tool's structured result, and its text.
export async function handler(event) {
    const text = event.args.text;
    return { words: text.split(/\s+/).filter(Boolean).length, characters: [...text].length };
}

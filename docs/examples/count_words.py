"""Counts the words of a text. Deployed on a Python runtime, with the handler `count_words.handler`."""


def handler(event, context):
    """An object is the tool's structured result, and its text."""
    text = event["args"]["text"]
    return {"words": len(text.split()), "characters": len(text)}

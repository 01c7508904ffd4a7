"""What schemathesis holds the registration API to, beside its description.

A request that is answered 4xx has written nothing: the version of the catalog, which is the ETag of the list, is the same
before and after it.
"""

import re

import requests
import schemathesis

# A function that the local cloud has. Of those that can be made up it has none, and registering would stop there.
SAMPLE = "arn:aws:lambda:us-east-1:000000000000:function:mcp-tool-hello"
MADE_UP = re.compile(r"arn:aws[a-z0-9-]*:lambda:[a-z0-9-]+:[0-9A-Za-z]+:function:[A-Za-z0-9_-]+(:[$A-Za-z0-9_-]+)?")

# One request at a time: with more, another one's write would be seen between these.
before = {}


def with_sample(document):
    """The document with the sample's function in the place of every other."""
    if isinstance(document, list):
        return [with_sample(part) for part in document]
    if isinstance(document, dict):
        return {name: with_sample(part) for name, part in document.items()}
    if isinstance(document, str) and MADE_UP.fullmatch(document):
        return SAMPLE
    return document


@schemathesis.hook
def map_body(context, body):
    return with_sample(body)


def version(case):
    """The version of the catalog."""
    url = case.operation.base_url.rstrip("/") + "/register?limit=1"
    return requests.get(url, timeout=30).headers["ETag"]


@schemathesis.hook
def before_call(context, case, kwargs):
    before["version"] = version(case)


@schemathesis.check
def refusals_write_nothing(context, response, case):
    if 400 <= response.status_code < 500:
        after = version(case)
        assert after == before["version"], (
            f"answered {response.status_code}, and yet the catalog went from {before['version']} to {after}"
        )

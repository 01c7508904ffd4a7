"""The function of an application for trying `sam package`."""


def handler(event, _context):
    return event

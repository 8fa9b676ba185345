"""What the state machine of the storm calls."""


class Busy(Exception):
    """It was asked for the first time."""


def work(event, _):
    """Says the name that it is given, unless this is the first try of somebody who tries again."""
    if event["tries"] == 0:
        raise Busy(event["name"])
    return event["name"]


def ask(event, _):
    """Whoever answers finds the token in the history."""
    return len(event["token"])

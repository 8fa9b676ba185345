"""What an execution did, as text: its end, what its functions recorded, and its history line by line.

Times, ids and stack traces are left out, so the same execution reads the same every time. A history whose branches run
at once has no order of its own; it is shown operation by operation instead of event by event.
"""

import hashlib
import os
import re

# Longer texts are shown by their length and a digest.
SHOWN_CHARACTERS = 600


def shown(text):
    if text is None or len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def error_text(error):
    """`Type: message {data}`; what is absent is left out."""
    parts = [error.get("ErrorType"), error.get("ErrorMessage")]
    text = ": ".join(shown(part) for part in parts if part)
    return text + (f" {{{shown(error['ErrorData'])}}}" if error.get("ErrorData") else "")


def details(event, delays):
    """What an event says beside its name."""
    kind = event["EventType"]
    body = event.get(f"{kind}Details", {})
    parts = []
    if kind == "WaitStarted":
        parts.append(f"{body['Duration']} s")
    if kind == "CallbackStarted":
        parts += [f"{name} {body[name]} s" for name in ("Timeout", "HeartbeatTimeout") if body.get(name)]
    if kind == "ChainedInvokeStarted":
        parts.append(re.sub(r"^arn:.*:function:", "", body["FunctionName"]))
        if body.get("TenantId"):
            parts.append(f"tenant {body['TenantId']}")
    error = (body.get("Error") or {}).get("Payload")
    if error:
        parts.append(error_text(error))
    retry = body.get("RetryDetails") or {}
    if retry.get("NextAttemptDelaySeconds"):
        parts.append(f"again in {retry['NextAttemptDelaySeconds']} s" if delays else "again")
    result = body.get("Result", {}).get("Payload")
    if result is not None and kind not in ("ExecutionSucceeded",):
        parts.append(f"= {shown(result) or '(empty)'}")
    return " | ".join(parts)


def lines(events, delays):
    depth = {}
    for event in events:
        if "Id" in event:
            depth.setdefault(event["Id"], depth.get(event.get("ParentId"), -1) + 1)
        if event["EventType"] == "ExecutionStarted":
            continue
        indent = "  " * (depth[event["Id"]] if event.get("SubType") else 0)
        words = [event["EventType"], event.get("SubType"), event.get("Name") if event.get("SubType") else None]
        said = details(event, delays)
        yield indent + " ".join(word for word in words if word) + (f" | {said}" if said else "")


def by_operation(events, delays):
    """The history grouped by operation, siblings by name; invocations, which depend on timing, are left out."""
    groups, parents = {}, {}
    for event in events:
        if event.get("SubType"):
            groups.setdefault(event["Id"], []).append(event)
            parents[event["Id"]] = event.get("ParentId")
    children = {}
    for identity in groups:
        parent = parents[identity] if parents[identity] in groups else None
        children.setdefault(parent, []).append(identity)

    def walk(parent, depth):
        own = children.get(parent, [])
        if depth:
            own = sorted(own, key=lambda one: (groups[one][0].get("Name") or ""))
        for identity in own:
            first = groups[identity][0]
            name = " ".join(w for w in (first["SubType"], first.get("Name")) if w)
            yield "  " * depth + name
            for event in groups[identity]:
                said = details(event, delays)
                yield "  " * depth + f"  - {event['EventType']}" + (f" | {said}" if said else "")
            yield from walk(identity, depth + 1)

    yield from walk(None, 0)
    yield events[-1]["EventType"]


def outlined(events):
    """How many events there are of each kind."""
    counts = {}
    for event in events:
        if event["EventType"] != "InvocationCompleted":
            kind = " ".join(word for word in (event["EventType"], event.get("SubType")) if word)
            counts[kind] = counts.get(kind, 0) + 1
    return [f"{count} × {kind}" for kind, count in counts.items()]


def transcript(execution, recorded, events, *, any_order=False, delays=True, outline=False):
    end = execution["Status"]
    if execution.get("Result") is not None:
        end += f" {shown(execution['Result'])}"
    if execution.get("Error"):
        end += f" {error_text(execution['Error'])}"
    if any_order:
        recorded = sorted(recorded)
    if outline:
        told = outlined(events)
    else:
        told = by_operation(events, delays) if any_order else lines(events, delays)
    text = "\n".join([end, *(f"ran {one}" for one in recorded), *told])
    # Ids of requests, operations and processes differ from run to run.
    text = re.sub(r"RequestId: [0-9a-f-]+", "RequestId: …", text)
    return re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b", "…", text)


class Transcripts:
    """Expected transcripts, in one file: a heading for each case.

    With UPDATE_TRANSCRIPTS=1 the file is written anew from what happened, to be read before it is committed.
    """

    def __init__(self, path):
        self.path = path
        self.updating = os.environ.get("UPDATE_TRANSCRIPTS") == "1"
        self.expected = {}
        if path.exists():
            for section in path.read_text().split("\n## ")[1:]:
                name, _, body = section.partition("\n")
                self.expected[name.strip()] = body.strip("\n")
        self.seen = dict(self.expected)

    def check(self, case, found):
        if self.updating:
            self.seen[case] = found
            self.write()
            return
        expected = self.expected.get(case, "")
        assert found.splitlines() == expected.splitlines(), f"the transcript of {case} differs; found:\n{found}"

    def write(self):
        head = "What each case is expected to do; see ../README.md.\n"
        body = "".join(f"\n## {name}\n\n{text}\n" for name, text in sorted(self.seen.items()))
        self.path.write_text(head + body)

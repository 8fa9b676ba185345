"""One way to ask the server: JSON both ways, and its own words when it refuses."""

import json
import urllib.error
import urllib.request
from typing import Any

# Longest time for an answer, in seconds: moving time waits for functions at work.
PATIENCE_SECONDS = 630.0


class ServerError(Exception):
    """The server refused."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}" if kind else message)
        self.status = status
        self.kind = kind
        self.message = message


class Http:
    """Requests to one server."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None, {})[0]

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, json.dumps(body).encode(), {})[0]

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """The answer and its headers, whose names are in lower case."""
        return self._ask("POST", path, body, headers)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        request = urllib.request.Request(self.endpoint + path, data=body, headers=headers, method=method)
        if body is not None:
            request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                content = answer.read()
                told = {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as error:
            raise _refusal(error.code, error.read()) from None
        return (json.loads(content) if content else None), told


def _refusal(status: int, content: bytes) -> ServerError:
    try:
        body = json.loads(content)
        return ServerError(status, body.get("__type", ""), body.get("message") or body.get("Message") or "")
    except (ValueError, AttributeError):
        return ServerError(status, "", content.decode(errors="replace")[:500])

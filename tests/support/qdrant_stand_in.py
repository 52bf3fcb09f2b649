"""A stand-in for a Qdrant server whose failures are scripted.

It answers the part of the HTTP interface that Embeat uses, and stores points in the client's
in-memory mode.
"""

import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qdrant_client import QdrantClient, models


class StandIn:
    """State of a stand-in server.

    Attributes:
        fails: returns the failure to simulate for a kind of request and its number, or None.
            Called under a lock.
        requests: number of requests of each kind.
        created: arguments with which each collection was created.
        key: API key that requests need; None accepts every request.
    """

    def __init__(self) -> None:
        self.client = QdrantClient(":memory:", force_disable_check_same_thread=True)
        self.lock = threading.Lock()
        self.fails: Callable[[str, int], str | None] = lambda *_: None
        self.requests: Counter[str] = Counter()
        self.created: dict[str, Any] = {}
        self.key: str | None = None
        self.url = ""

    def answer(self, method: str, path: str, body: Any) -> Any:
        client, found = self.client, re.match(r"/collections/(embeat_\w+)(/.*)?$", path)
        name, rest = (found[1], found[2] or "") if found else ("", path)
        match method, rest:
            case "GET", "/exists":
                return {"exists": client.collection_exists(name)}
            case "GET", "/aliases":
                return client.get_aliases().model_dump()
            case "POST", "/collections/aliases":
                request = models.ChangeAliasesOperation(**body)
                return client.update_collection_aliases(request.actions)
            case "GET", "/collections":
                return client.get_collections().model_dump()
            case "GET", "":
                return client.get_collection(name).model_dump(mode="json", exclude_none=True)
            case "PUT", "":
                self.created[name] = body
                named = models.CreateCollection(**body).vectors
                return client.create_collection(name, vectors_config=named)
            case "DELETE", "":
                return client.delete_collection(name)
            case "PUT", "/index":
                return {"operation_id": 0, "status": "completed"}
            case "PUT", "/points":
                points = [models.PointStruct(**point) for point in body["points"]]
                return client.upsert(name, points).model_dump(mode="json")
            case "POST", "/points/count":
                where = body.get("filter") and models.Filter(**body["filter"])
                return {"count": client.count(name, where).count}
            case "POST", "/points/scroll":
                where = models.Filter(**body["filter"])
                records, _ = client.scroll(name, where, limit=body["limit"])
                return {"points": [record.model_dump() for record in records]}
            case "POST", "/points":
                selected = body.get("with_payload"), body.get("with_vector")
                records = client.retrieve(name, body["ids"], *selected)
                return [record.model_dump() for record in records]
            case "POST", "/points/query/batch":
                searches = [models.QueryRequest(**search) for search in body["searches"]]
                answers = client.query_batch_points(name, searches)
                return [answer.model_dump() for answer in answers]
            case _:
                raise NotImplementedError(f"{method} {path}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: StandIn

    def handle_any(self) -> None:
        path = self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = f"{self.command} {re.sub('/collections/embeat_[^/]+', '', path)}"
        with self.state.lock:
            self.state.requests[kind] += 1
            failure = self.state.fails(kind, self.state.requests[kind])
            if self.state.key and self.headers.get("api-key") != self.state.key:
                return self.reply(401, {"status": {"error": "no key"}})
            match failure:
                case "429":
                    error = {"status": {"error": "rate limit"}}
                    return self.reply(429, error, {"Retry-After": "3"})
                case "503" | "404":
                    return self.reply(int(failure), {"status": {"error": "later"}})
                case "drop before":
                    return self.drop()
            result = self.state.answer(self.command, path, json.loads(body) if body else None)
            match failure:
                case "drop after":
                    return self.drop()
                case "timeout after":
                    time.sleep(1.3)
                    return self.drop()
        return self.reply(200, {"result": result, "status": "ok", "time": 0.0})

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def reply(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close a connection which was dropped."""


@contextmanager
def listening(
    state: StandIn, port: int = 0, context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Answer on ``port`` (any free one for 0) until the block ends; stored points remain."""
    handler = type("OneHandler", (Handler,), {"state": state})
    server = QuietServer(("127.0.0.1", port), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def standing_in(context: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    state = StandIn()
    try:
        with listening(state, context=context):
            yield state
    finally:
        state.client.close()

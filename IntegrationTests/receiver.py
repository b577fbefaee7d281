"""An HTTP server that keeps what is posted to it, and answers as it is told: webhook endpoint or collector of spans."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Post:
    """One request; `headers` by their names as they were sent."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0


class Receiver:
    """Takes posts on loopback. `answer` decides about each, given the posts so far, this one included."""

    def __init__(self, answer: Callable[[list[Post]], Answer] = lambda posts: Answer()):
        self.answer = answer
        self._posts: list[Post] = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    return  # The client broke off.
                post = Post(self.path, dict(self.headers.items()), body, time.monotonic())
                with receiver._changed:
                    receiver._posts.append(post)
                    answer = receiver.answer(list(receiver._posts))
                    receiver._changed.notify_all()
                receiver._halt.wait(answer.delay_s)
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                # 204 has no body: one would stand in front of the next answer (RFC 9110 §15.3.5).
                content = b"" if answer.status == 204 else b"{}"
                if content:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._halt = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def posts(self) -> list[Post]:
        with self._changed:
            return list(self._posts)

    def wait_for(self, condition: Callable[[list[Post]], bool], timeout: float = 15, what: str = "posts") -> list[Post]:
        """Waits until `condition(posts)` holds; fails with what came when it does not in time."""
        with self._changed:
            reached = self._changed.wait_for(lambda: condition(self._posts), timeout)
            assert reached, f"no {what} within {timeout} s; got {[post.body[:300] for post in self._posts]}"
            return list(self._posts)

    def close(self) -> None:
        self._halt.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_) -> None:
        self.close()

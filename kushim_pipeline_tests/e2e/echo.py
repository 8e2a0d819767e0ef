"""A vendor that repeats the secrets it knows in its answers: in all spellings, with every status, in every place."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

from kushim_pipeline_tests.canary import spellings


@dataclass
class Echo:
    """The running stand-in: its URL, and the values of the Authorization headers that came.

    What it repeats is what it may know: the GitHub connection's secret to that one, the AWS connection's to that.
    """

    github: str
    aws: str
    url: str = ""
    seen: list[str] = field(default_factory=list)
    answers: int = 0


@contextlib.contextmanager
def echo(github: str, aws: str) -> Iterator[Echo]:
    """Run the stand-in. In: what it repeats at first."""
    running = Echo(github, aws)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                running.seen.append(self.headers.get("Authorization", ""))
                number = running.answers
                running.answers += 1
            if self.path.startswith("/github"):
                self._answer(*_github(number, _word(running.github, number), running.url))
            else:
                self._answer(*_aws(self.headers.get("Content-Type", ""), _word(running.aws, number)))

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value.encode("ascii", "ignore").decode().replace("\n", " "))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_HEAD = _serve

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    running.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _word(secret: str, number: int) -> str:
    words = [text.decode() for name, text in spellings(secret).items() if "base64" not in name and name != "utf-16"]
    # Whole codes, as in `Authorization: Basic`: the part that depends on the secret begins at each of the offsets.
    words += [base64.b64encode(f"{user}:{secret}".encode()).decode() for user in ("u", "us", "use")]
    words += [base64.b64encode(secret.encode()).decode(), base64.urlsafe_b64encode(secret.encode()).decode()]
    words.append(f"https://user:{quote(secret, safe='')}@x.example/?token={quote(secret)}")
    return words[number % len(words)]


def _github(number: int, word: str, url: str) -> tuple[int, dict[str, str], bytes]:
    message = json.dumps({"message": f"Bad credentials: {word}", "documentation_url": f"{url}/{quote(word)}"}).encode()
    match number % 7:
        case 1:
            return 403, {"X-Echo": word}, message
        case 2:
            return 200, {}, json.dumps({"login": "acme", "id": 1, "echo": word}).encode()
        case 3:
            return 200, {}, json.dumps([{"login": word, "id": 1, "full_name": f"acme/{word}"}]).encode()
        case 4:
            return 301, {"Location": f"https://x.example/?token={quote(word)}"}, b""
        case 5:
            return 200, {"Link": f'<https://x.example/{quote(word)}>; rel="next"'}, b"[]"
        case 0:
            return 422, {"Content-Type": "text/html"}, f"<html>{word}</html>".encode()
        case _:
            return 401, {}, message


def _aws(content_type: str, word: str) -> tuple[int, dict[str, str], bytes]:
    if "json" in content_type:
        return 400, {}, json.dumps({"__type": "AccessDeniedException", "message": f"not with {word}"}).encode()
    text = word.replace("&", "&amp;").replace("<", "&lt;")
    error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not with {text}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode()
    return 403, {"Content-Type": "text/xml"}, body

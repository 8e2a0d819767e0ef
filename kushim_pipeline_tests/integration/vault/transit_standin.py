"""A stand-in for HashiCorp Vault's transit engine, over HTTP on loopback.

After the API documentation of the transit secrets engine: keys/NAME, keys/NAME/rotate, encrypt/NAME and decrypt/NAME
below the mount, X-Vault-Token, base64 everywhere, ciphertexts `vault:vN:…`, HTTP 400 with `errors` for what does not
decrypt, 403 for another token, 404 for another key.
"""

import base64
import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.stand-in-token-0123456789"


@dataclass
class Transit:
    """The engine: a key's name -> its type and versions; requests that came, and an answer to give instead."""

    url: str = ""
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    instead: tuple[int, bytes] | None = None

    def make(self, name: str, kind: str = "aes256-gcm96", **more: Any) -> None:
        """Make a key with its first version."""
        self.keys[name] = {"type": kind, "versions": [os.urandom(32)], "exportable": False, "min": 1, **more}

    def answer(self, method: str, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON of one request."""
        self.requests.append(f"{method} {path}")
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        parts = path.strip("/").split("/")  # v1, mount, verb, name[, rotate]
        key = self.keys.get(parts[3]) if len(parts) > 3 and parts[1] == "transit" else None
        if key is None:
            return 404, {"errors": []}
        match method, parts[2], parts[4:]:
            case "GET", "keys", []:
                versions = {str(n + 1): 0 for n in range(len(key["versions"]))}
                about = {"type": key["type"], "exportable": key["exportable"], "latest_version": len(versions)}
                return 200, {"data": {**about, "keys": versions, "name": parts[3]}}
            case "POST" | "PUT", "keys", ["rotate"]:
                key["versions"].append(os.urandom(32))
                return 204, None
            case "POST" | "PUT", "encrypt", []:
                nonce, aad = os.urandom(12), base64.b64decode(body.get("associated_data", ""))
                sealed = nonce + AESGCM(key["versions"][-1]).encrypt(nonce, base64.b64decode(body["plaintext"]), aad)
                text = f"vault:v{len(key['versions'])}:{base64.b64encode(sealed).decode()}"
                return 200, {"data": {"ciphertext": text, "key_version": len(key["versions"])}}
            case "POST" | "PUT", "decrypt", []:
                return _decrypt(key, body)
        return 405, {"errors": ["unsupported operation"]}


def _decrypt(key: dict[str, Any], body: dict[str, Any]) -> tuple[int, Any]:
    _, version, text = body["ciphertext"].split(":")
    number = int(version[1:])
    if not key["min"] <= number <= len(key["versions"]):
        return 400, {"errors": ["ciphertext or signature version is disallowed by policy (too old)"]}
    sealed, aad = base64.b64decode(text), base64.b64decode(body.get("associated_data", ""))
    try:
        plain = AESGCM(key["versions"][number - 1]).decrypt(sealed[:12], sealed[12:], aad)
    except InvalidTag:
        return 400, {"errors": ["cipher: message authentication failed"]}
    return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}


@contextlib.contextmanager
def transit() -> Iterator[Transit]:
    """A running stand-in."""
    engine = Transit()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            if engine.instead is not None:
                status, data = engine.instead
            else:
                status, found = engine.answer(self.command, self.path, self.headers.get("X-Vault-Token"), body)
                data = b"" if found is None else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    engine.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield engine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

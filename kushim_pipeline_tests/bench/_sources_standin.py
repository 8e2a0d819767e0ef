"""A stand-in in a process of its own: `python -m …_sources_standin okta` prints its address, then does as told.

A line on standard input is a command, a line on standard output its answer: `day` lets a day pass, `calls` gives what
was asked since the last time.
"""

import base64
import importlib
import json
import sys
import zlib
from typing import Any, cast

import orjson

from kushim_pipeline.sandbox.standin.server import start
from kushim_pipeline.sandbox.standin.vendor import Reply, Request, Vendor


class Noting:
    """A vendor, and every request that it answered. A query that it is asked again has the same answer until a day has
    passed: the bare loop need not wait for it to be worked out anew."""

    def __init__(self, vendor: Any) -> None:
        self.vendor = vendor
        self.asked: list[tuple[str, str, dict[str, str], str, str]] = []
        self.answered: dict[bytes, bytes] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.vendor, name)

    def respond(self, request: Request) -> Reply:
        """The vendor's answer."""
        body = base64.b64encode(request.body).decode()
        kind = request.headers.get("content-type", "")
        self.asked.append((request.method, request.path, dict(request.query), body, kind))
        if request.path != "/graphql":
            return cast(Reply, self.vendor.respond(request))
        if request.body not in self.answered:
            self.answered[request.body] = zlib.compress(orjson.dumps(self.vendor.respond(request).body), 1)
        json_type = {"Content-Type": "application/json; charset=utf-8"}
        return Reply(200, zlib.decompress(self.answered[request.body]), json_type)


def main() -> None:
    """Serve until standard input ends."""
    company = importlib.import_module(f"kushim_pipeline_tests.bench._{sys.argv[1]}_company")
    vendor = Noting(company.vendor())
    standin = start(cast(Vendor, vendor), base_path=company.BASE_PATH)
    print(json.dumps(standin.url), flush=True)
    counted = 0
    for line in sys.stdin:
        if line.strip() == "day":
            company.pass_a_day(vendor.vendor)
            vendor.answered = {}
            print("null", flush=True)
        else:
            ledger = standin.ledger
            print(json.dumps({"count": len(ledger) - counted, "asked": vendor.asked}), flush=True)
            counted = len(ledger)
            vendor.asked = []
    standin.stop()


if __name__ == "__main__":
    main()

"""A stand-in in a process of its own: `python -m …_sources_standin okta` prints its address, then does as told.

A line on standard input is a command, a line on standard output its answer: `day` lets a day pass, `calls` gives what
was asked since the last time.
"""

import base64
import importlib
import json
import sys
from typing import Any, cast

from kushim_pipeline.sandbox.standin.server import start
from kushim_pipeline.sandbox.standin.vendor import Reply, Request, Vendor


class Noting:
    """A vendor, and every request that it answered."""

    def __init__(self, vendor: Any) -> None:
        self.vendor = vendor
        self.asked: list[tuple[str, str, dict[str, str], str, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.vendor, name)

    def respond(self, request: Request) -> Reply:
        """The vendor's answer."""
        body = base64.b64encode(request.body).decode()
        kind = request.headers.get("content-type", "")
        self.asked.append((request.method, request.path, dict(request.query), body, kind))
        return cast(Reply, self.vendor.respond(request))


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
            print("null", flush=True)
        else:
            ledger = standin.ledger
            print(json.dumps({"count": len(ledger) - counted, "asked": vendor.asked}), flush=True)
            counted = len(ledger)
            vendor.asked = []
    standin.stop()


if __name__ == "__main__":
    main()

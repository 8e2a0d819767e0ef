"""A bare aiohttp loop that reads the pages that a collection read and stores each under its SHA-256, measured.

It does no more than that: aiohttp asks, six at a time, and unpacks the answer; its SHA-256 is taken, and the bytes are
written to a file of that name as they are. Nothing is looked at, packed or synced to the disk. It is told all calls; a
loop that found them by itself would have to decode JSON, where cursors and the ids to ask about stand.

`python -m …_sources_bare URL FOLDER < requests.json`, where the JSON has `headers`, `asked` (method, path, query, body
in base64, its type) and `decodes`, whether JSON is decoded. Prints its CPU-seconds, imports left out as with the
collection, and the bytes it read.
"""

import asyncio
import base64
import hashlib
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import orjson

AT_ONCE = 6


async def _read(url: str, folder: Path, headers: dict[str, str], asked: list[list[object]], decodes: bool) -> int:
    size = 0
    waiting = iter(asked)
    async with aiohttp.ClientSession(headers=headers) as session:

        async def worker() -> None:
            nonlocal size
            for method, path, query, body, kind in waiting:
                target = f"{url}{path}?{urlencode(query)}" if query else f"{url}{path}"  # type: ignore[arg-type]
                data = base64.b64decode(str(body)) or None
                extra = {"Content-Type": str(kind)} if data else {}
                async with session.request(str(method), target, data=data, headers=extra) as response:
                    page = await response.read()
                if decodes and "json" in response.content_type:
                    orjson.loads(page)
                size += len(page)
                (folder / hashlib.sha256(page).hexdigest()).write_bytes(page)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return size


def main() -> None:
    """Read, measure, print."""
    wanted = json.load(sys.stdin)
    folder = Path(sys.argv[2])
    cpu = time.process_time()
    size = asyncio.run(_read(sys.argv[1], folder, wanted["headers"], wanted["asked"], wanted["decodes"]))
    print(json.dumps({"cpu": time.process_time() - cpu, "bytes": size}))


if __name__ == "__main__":
    main()

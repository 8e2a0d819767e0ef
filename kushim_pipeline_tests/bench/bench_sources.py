"""What reading Okta, Jira, Slack and GitHub costs at the size of a real company; each stand-in is a process of its own.

5,000 people and 100 applications; 100,000 issues; 5,000 members; 2,000 repositories and 5,000 members, without pull
requests (`github`) and with 50 merged ones in each (`github_work`). The GitHub organisation is not the cheapest one to
read: its workflows may write, every action may run, and its repositories differ; see `_github_company`. Prints calls by
the stand-in's own ledger, at first and when one in a hundred things has changed; peak memory of the collecting process;
its CPU-seconds beside those of a bare aiohttp loop that reads and stores the same pages (imports left out of both).
That loop is told all calls; one that decodes its pages, as it must to find the next call by itself, is shown, too.
Exit 1 when beyond a limit. Sources may be named: `bench_sources.py okta jira`.
"""

import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SOURCES = ("okta", "jira", "slack", "github", "github_work")
MEGABYTES = 500
TIMES_BARE = 5.0
AGAIN = 0.1
_HERE = "kushim_pipeline_tests.bench._sources_"


class Standin:
    """A stand-in in a process of its own."""

    def __init__(self, source: str) -> None:
        command = [sys.executable, "-m", f"{_HERE}standin", source]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.url = str(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def ask(self, command: str) -> Any:
        """Send a command. Out: its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def main() -> int:
    """Measure every source."""
    kept = [_measure(source) for source in sys.argv[1:] or SOURCES]
    return 0 if all(kept) else 1


def _measure(source: str) -> bool:
    company = importlib.import_module(f"kushim_pipeline_tests.bench._{source}_company")
    with Standin(source) as standin, tempfile.TemporaryDirectory(prefix="kushim-bench-") as folder:
        first = _run("reading", [source, standin.url, f"{folder}/evidence"])
        calls = standin.ask("calls")
        wanted = {"headers": company.settings(), "asked": calls["asked"]}
        bare, decoding = _loops(standin.url, Path(folder), wanted)
        standin.ask("calls")
        standin.ask("day")
        again = _run("reading", [source, standin.url, f"{folder}/evidence"])
        calls_again = standin.ask("calls")
    times = first["cpu"] / bare
    few = AGAIN * calls["count"] if company.AGAIN_IS_LIMITED else None
    peak = max(first["rss"], again["rss"])
    print(f"{source}: {first['records']:,} records, {first['bytes'] / 1e6:,.0f} MB in {first['wall']:.0f} s")
    print(f"  calls         {calls['count']:8,}        (at most {company.CALLS:,})")
    limit = f"at most {few:,.0f}" if few is not None else "no limit"
    print(f"  again, 1 %    {calls_again['count']:8,}        ({limit}); {again['cpu']:.1f} CPU-seconds")
    print(f"  peak memory   {peak:8.0f} MB     (at most {MEGABYTES})")
    beside = f"{times:.1f} x a bare loop's {bare:.2f}; at most {TIMES_BARE:g} x"
    print(f"  CPU-seconds   {first['cpu']:10.1f}      ({beside})")
    beside = f"{first['cpu'] / decoding:.1f} x the {decoding:.2f} of one that decodes its pages; no limit"
    print(f"                                ({beside})")
    trouble = [*first["incomplete"], *again["incomplete"]]
    for line in trouble:
        print(f"  not complete: {line}")
    return (
        calls["count"] <= company.CALLS
        and (few is None or calls_again["count"] <= few)
        and peak <= MEGABYTES
        and times <= TIMES_BARE
        and not trouble
    )


def _loops(url: str, folder: Path, wanted: Mapping[str, Any]) -> tuple[float, float]:
    """CPU-seconds of a bare loop that reads and stores what the collection asked for, and of one that decodes it, too:
    the mean of two runs each, since what runs later finds the disk's folders warm."""
    seconds = []
    for number, decodes in enumerate((False, True, True, False)):
        into = folder / f"bare-{number}"
        into.mkdir()
        done = _run("bare", [url, str(into)], json.dumps({**wanted, "decodes": decodes}))
        seconds.append(float(done["cpu"]))
    return (seconds[0] + seconds[3]) / 2, (seconds[1] + seconds[2]) / 2


def _run(what: str, arguments: list[str], given: str = "") -> Mapping[str, Any]:
    command = [sys.executable, "-m", f"{_HERE}{what}", *arguments]
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())

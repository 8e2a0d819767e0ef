"""What a person reads after the demo: counts, the worst failures, what is UNKNOWN and why, and what to try next."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import click

from kushim_pipeline.commands.output import clean, printable
from kushim_pipeline.sandbox.manifest import Manifest
from kushim_pipeline.settings import Settings
from kushim_pipeline.warehouse import duckdb_path
from kushim_pipeline.warehouse.duckdb_engine import published_path

STATUSES = ("PASS", "FAIL", "UNKNOWN", "EXCEPTED", "NOT_APPLICABLE")
SEVERITIES = ("critical", "high", "medium", "low")
_COLOURS = {"PASS": "green", "FAIL": "red", "UNKNOWN": "yellow", "EXCEPTED": "cyan"}
_SHOWN = 6

_VERDICTS = """
SELECT tenant_id, check_id, title, severity, resource_id, status, reason FROM mart_v1.check_result
ORDER BY tenant_id, check_id, resource_id
"""
_UNREAD = """
SELECT tenant_id, connection_id, stream, scope, outcome, error FROM mart_v1.receipt
WHERE outcome <> 'complete' ORDER BY tenant_id, connection_id, stream, scope
"""


@dataclass(frozen=True)
class Verdict:
    """A row of mart_v1.check_result."""

    tenant: str
    check: str
    title: str
    severity: str
    resource: str
    status: str
    reason: str


@dataclass(frozen=True)
class Unread:
    """A collection that was not whole, from mart_v1.receipt."""

    tenant: str
    connection: str
    stream: str
    scope: str
    outcome: str
    error: str


@dataclass(frozen=True)
class Found:
    """What the warehouse says after the demo, of the sandbox's tenants."""

    manifest: Manifest
    verdicts: tuple[Verdict, ...]
    unread: tuple[Unread, ...]


def read(settings: Settings, manifest: Manifest) -> Found:
    """Read the published warehouse. Raises NothingPublished when the run came to nothing."""
    from kushim_pipeline.warehouse import open_reader

    with open_reader(settings.warehouse_url) as reader:
        verdicts = [Verdict(*map(_text, row)) for row in reader.query(_VERDICTS).rows]
        unread = [Unread(*map(_text, row)) for row in reader.query(_UNREAD).rows]
    return Found(
        manifest,
        tuple(verdict for verdict in verdicts if verdict.tenant in manifest.tenants),
        tuple(one for one in unread if one.tenant in manifest.tenants),
    )


def told(found: Found, settings: Settings, seconds: float) -> Iterator[str]:
    """The summary, line by line."""
    yield ""
    yield click.style(f"Kushim judged {len(found.manifest.tenants)} tenants in {seconds:.0f} s", bold=True)
    yield ""
    yield from _counts(found)
    yield from _failures(found)
    yield from _unknown(found)
    yield from _places(settings)
    yield from _next(settings)


def _counts(found: Found) -> Iterator[str]:
    widths = [max(len(status), 6) + 2 for status in STATUSES]
    yield " " * 12 + "".join(status.rjust(width) for status, width in zip(STATUSES, widths, strict=True))
    for tenant_id, tenant in found.manifest.tenants.items():
        counts = Counter(verdict.status for verdict in found.verdicts if verdict.tenant == tenant_id)
        numbers = "".join(
            click.style(str(counts[status]).rjust(width), fg=_COLOURS.get(status) if counts[status] else None)
            for status, width in zip(STATUSES, widths, strict=True)
        )
        yield f"{tenant_id:12}{numbers}   {tenant.about}"


def _failures(found: Found) -> Iterator[str]:
    yield ""
    yield click.style("The worst failures", bold=True)
    failed = [verdict for verdict in found.verdicts if verdict.status == "FAIL"]
    for tenant_id in found.manifest.tenants:
        mine = sorted(
            (verdict for verdict in failed if verdict.tenant == tenant_id),
            key=lambda verdict: (_rank(verdict.severity), verdict.check),
        )
        groups = [(check, list(group)) for check, group in groupby(mine, key=lambda verdict: verdict.check)]
        for check, group in groups[:_SHOWN]:
            first = group[0]
            more = f" and {len(group) - 1} more" if len(group) > 1 else ""
            severity = click.style(f"{first.severity:9}", fg="red" if first.severity == "critical" else None)
            yield _fit(f"  {tenant_id:10} {severity} {check:12} {_short(first.resource)}{more}: {first.reason}")
        if len(groups) > _SHOWN:
            yield f"  {tenant_id:10} {_count(len(groups) - _SHOWN, 'check')} more"


def _unknown(found: Found) -> Iterator[str]:
    yield ""
    yield click.style("What is UNKNOWN, and why", bold=True)
    unknown = sorted(
        (verdict for verdict in found.verdicts if verdict.status == "UNKNOWN"),
        key=lambda verdict: (verdict.tenant, verdict.reason, verdict.check),
    )
    for (tenant_id, reason), group in groupby(unknown, key=lambda verdict: (verdict.tenant, verdict.reason)):
        checks = [verdict.check for verdict in group]
        word = click.style(f"{reason:18}", fg="yellow")
        yield _fit(
            f"  {tenant_id:10} {word} {_count(len(checks), 'verdict'):>12} of {', '.join(dict.fromkeys(checks))}"
        )
    if found.unread:
        yield "  because"
    for (tenant_id, connection), of_connection in groupby(found.unread, key=lambda one: (one.tenant, one.connection)):
        for error, same in _by_error(list(of_connection)):
            where = f"{same[0].stream}@{same[0].scope}" if len(same) == 1 else _count(len(same), "stream")
            yield _fit(f"  {tenant_id:10} {connection} {where}: {error}")


def _by_error(unread: list[Unread]) -> list[tuple[str, list[Unread]]]:
    found: dict[str, list[Unread]] = {}
    for one in unread:
        found.setdefault(one.error or one.outcome, []).append(one)
    return list(found.items())


def _places(settings: Settings) -> Iterator[str]:
    yield ""
    yield click.style("Where it lies", bold=True)
    yield f"  {_relative(settings.evidence)}  every answer of the vendors, receipts, ledger"
    if settings.warehouse_url.startswith("duckdb:///"):
        path = published_path(duckdb_path(settings.warehouse_url))
        yield f"  {_relative(path)}  records, facts, verdicts: a copy to open with any DuckDB client"
    yield f"  {_relative(settings.tenants)}  the tenant files"


def _next(settings: Settings) -> Iterator[str]:
    command = _command()
    if settings.home != Path.cwd() / ".kushim" and not os.environ.get("KUSHIM_HOME"):
        command = f"KUSHIM_HOME={_relative(settings.home)} {command}"
    failing = "SELECT check_id, count(*) FROM mart_v1.check_result WHERE status = 'FAIL' GROUP BY 1 ORDER BY 2 DESC"
    yield ""
    yield click.style("What to try next", bold=True)
    yield f"  {command} results --tenant initech --status FAIL"
    yield f"  {command} results --tenant hooli --status UNKNOWN"
    yield f"  {command} controls --framework soc2 --tenant northwind"
    yield f"  {command} receipts --tenant hooli"
    yield f"  {command} verify"
    yield f'  {command} query "{failing}"'
    if Path("Makefile").is_file():
        yield "  make dev   the same in the Dagster UI"


def _command() -> str:
    """How a person at this prompt calls kushim."""
    script = Path(sys.executable).parent / "kushim"
    found = shutil.which("kushim")
    if found or not script.is_file():
        return "kushim"
    return _relative(script)


def _relative(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _short(resource: str) -> str:
    """A resource without the part of its ARN that says little."""
    return resource.split(":", 5)[-1] if resource.startswith("arn:") else resource


def _text(value: object) -> str:
    """A value without what could move a cursor: names and errors are the vendors' own words."""
    return printable(clean(str(value or "")))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _fit(line: str) -> str:
    """The line, cut at the width of the terminal (or of 160, for a file)."""
    width = shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else 160
    plain = click.unstyle(line)
    if len(plain) <= width:
        return line
    return f"{plain[: width - 1]}…" if line == plain else _fit_styled(line, width)


def _fit_styled(line: str, width: int) -> str:
    """Cut a line whose colours end before the cut."""
    hidden = len(line) - len(click.unstyle(line))
    return f"{line[: width - 1 + hidden]}…"

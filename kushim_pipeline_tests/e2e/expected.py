"""Every verdict that must follow from the sandbox's manifest, worked out without Kushim's judging code."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.sandbox.manifest import Manifest, Tenant

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")

Verdicts = dict[tuple[str, str], tuple[str, str]]
"""(check, resource id) -> (status, reason); a reason only where it is one of the six words of UNKNOWN."""


def expected(
    manifest: Manifest, tenant: Tenant, names: Mapping[str, str], units: Iterable[Unit], limited: Collection[str]
) -> Verdicts:
    """The verdicts of one tenant.

    In: what its resources are called, its expected units of collection, and the streams that a check needs.
    """
    kinds = {name: [kind_of(name)] for name in names}
    ids = dict(names)
    for unit in units:
        name = f"{unit.connection_id}/{unit.stream}@{unit.scope}"
        ids[name] = name
        kinds[name] = ["unit"]
        if unit.stream in limited:
            kinds[name].append("limited_unit")
        if unit.stream in manifest.streams.counted:
            kinds[name].append("counted_unit")
    found: Verdicts = {}
    for check, wanted in manifest.judges.items():
        population = {name for name in ids if set(kinds[name]) & set(wanted)}
        for pattern in _of(tenant.outside, check):
            population -= matching(pattern, population)
        for hole in tenant.holes:
            for pattern in _of(hole.unseen, check):
                population -= matching(pattern, population)
        verdicts = dict.fromkeys(population, ("PASS", ""))
        for failure in tenant.failures:
            for pattern in failure.resources if check in failure.checks else ():
                verdicts |= dict.fromkeys(matching(pattern, population), ("FAIL", ""))
        for hole in tenant.holes:
            for reason, of_checks in hole.unknown.items():
                for pattern in _of(of_checks, check):
                    verdicts |= dict.fromkeys(matching(pattern, ids), ("UNKNOWN", reason))
        for exempted in tenant.exceptions:
            if exempted.check == check:
                assert exempted.resource in population
                verdicts[exempted.resource] = ("EXCEPTED", "")
        for pattern in _of(tenant.not_applicable, check):
            verdicts |= dict.fromkeys(matching(pattern, ids), ("NOT_APPLICABLE", ""))
        found |= {(check, ids[name]): verdict for name, verdict in verdicts.items()}
    return found


def log_hours(account: str, until: datetime, days: int) -> dict[str, str]:
    """The whole hours of Okta's log in a window, by name. In: until when the log was read, and the window."""
    last = until.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=n) for n in range(1, 24 * days + 1)]
    return {f"okta/log_hour/{n}": f"{account}/{hour:%Y-%m-%d %H}" for n, hour in enumerate(hours, 1)}


def kind_of(name: str) -> str:
    """The kind in `ALIAS/KIND/NAME`, `ALIAS/REGION/KIND/NAME` or `ALIAS/KIND`."""
    parts = name.split("/")
    return parts[2] if len(parts) > 3 and _REGION.fullmatch(parts[1]) else parts[1]


def matching(pattern: str, names: Iterable[str]) -> set[str]:
    """The names that a pattern stands for. A pattern that stands for none is a mistake in the manifest."""
    found = {name for name in names if fnmatchcase(name, pattern)}
    assert found, f"the manifest says {pattern}, and there is nothing of that name"
    return found


def _of(of_checks: Mapping[str, tuple[str, ...]], check: str) -> list[str]:
    return [name for pattern, names in of_checks.items() if fnmatchcase(check, pattern) for name in names]

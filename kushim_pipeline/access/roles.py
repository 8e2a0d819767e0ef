"""What each role of persons may read in a Postgres warehouse, as data.

docs/access.md shows the same, and a test compares both with the privileges in the database, which
sql/schema/postgres/after/access.sql gives.

What is not named here no person may read: vault.*, access.*, ops.migration, verdict.evaluated_check.
"""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase


class Role(StrEnum):
    """A role of persons. A login has exactly one."""

    ADMIN = "admin"
    OPERATOR = "operator"
    COMPLIANCE_MANAGER = "compliance_manager"
    AUDITOR = "auditor"
    VIEWER = "viewer"

    @property
    def group(self) -> str:
        """The Postgres role that its logins are members of."""
        return f"kushim_{self.value}"


WHAT: Mapping[Role, str] = {
    Role.ADMIN: "everybody's grants and the log of who entered; nothing of a tenant's data",
    Role.OPERATOR: "how the pipeline fares: receipts, units, errors, source health; no verdict, no raw record",
    Role.COMPLIANCE_MANAGER: "everything of the tenant, unmasked: marts, verdicts, receipts, records, facts, history",
    Role.AUDITOR: "one framework's checks in one window: verdicts with their history, receipts and records, unmasked",
    Role.VIEWER: "the state now, with people masked; no history, no record, no fact",
}
"""Each role in a sentence."""

ANY_TENANT = frozenset({Role.ADMIN, Role.OPERATOR})
"""Roles that may be granted for `*`: any tenant, one at a time."""
WITHOUT_VERDICTS = frozenset({Role.ADMIN, Role.OPERATOR})
"""Roles to which control-level limits mean nothing."""

_ALL = frozenset(Role)
_MANAGER = frozenset({Role.COMPLIANCE_MANAGER})
_JUDGED = frozenset({Role.COMPLIANCE_MANAGER, Role.AUDITOR})
_COLLECTED = _JUDGED | {Role.OPERATOR}
_VIEWER = frozenset({Role.VIEWER})

READS: Mapping[str, frozenset[Role]] = {
    "catalogue.*": _ALL,
    "ops.clock": _ALL,
    "verdict.reason": _ALL,
    "ops.access_grant": _ALL,
    "ops.access_log": _ALL,
    "mart_v1.receipt": _COLLECTED,
    "mart_v1.source_health": _COLLECTED,
    "mart_v1.*": _JUDGED,
    "verdict.evaluation.as_of": _COLLECTED,
    "verdict.evaluat*": frozenset(),
    "verdict.check_result": _JUDGED,
    "verdict.check_status": _JUDGED,
    "verdict.daily_change": _JUDGED,
    "verdict.freshness": _JUDGED,
    "verdict.tenant": _JUDGED,
    "verdict.tenant_framework": _JUDGED,
    "verdict.*": _MANAGER,
    "raw.unit": _COLLECTED,
    "raw.unit_asof": _COLLECTED,
    "raw.plan": _COLLECTED,
    "raw.receipt": _COLLECTED,
    "raw.receipt_error": _COLLECTED,
    "raw.last_receipt_asof": _COLLECTED,
    "raw.ledger_position": frozenset({Role.COMPLIANCE_MANAGER, Role.OPERATOR}),
    "raw.record": _JUDGED,
    "raw.record_asof": _JUDGED,
    "raw.*": _MANAGER,
    "facts.*": _MANAGER,
    "viewer_v1.*": _VIEWER,
}
"""Table or view (with `*` for the rest of a room) -> who may SELECT from it. The first pattern that fits decides.
`verdict.evaluation.as_of` is the one column of that table that is shown."""

CALLS: Mapping[str, frozenset[Role]] = {
    "ops.tenant": _ALL,
    "ops.granted_tenant": _ALL,
    "ops.enter": _ALL,
    "ops.is_person": _ALL,
    "ops.grant_is_limited": _ALL,
    "ops.granted_checks": _ALL,
    "ops.granted_streams": _ALL,
    "ops.granted_populations": _ALL,
    "ops.granted_frameworks": _ALL,
    "ops.visible_grants": _ALL,
    "ops.visible_log": _ALL,
    "ops.window_start": frozenset({Role.AUDITOR}),
    "ops.window_end": frozenset({Role.AUDITOR}),
    "ops.viewer_*": _VIEWER,
    "polyfill.*": _ALL,
}
"""Function (without its arguments) -> who may call it. Trigger functions and everything else: nobody."""

LIMITS: Mapping[str, str] = {
    "raw.record": "auditor: streams of the framework's checks, and versions that overlap the window",
    "raw.receipt": "auditor: streams of the framework's checks, and collections that stood in the window",
    "raw.receipt_error": "auditor: of the receipts that the auditor sees",
    "raw.unit": "auditor: streams of the framework's checks, expected in the window",
    "raw.plan": "auditor: of the window",
    "verdict.check_result": "auditor: checks of the framework, intervals that overlap the window",
    "verdict.check_status": "auditor: checks of the framework, while today is in the window",
    "verdict.daily_change": "auditor: checks of the framework, up to the window's last day",
    "verdict.freshness": "auditor: checks of the framework",
    "verdict.tenant_framework": "auditor: the framework",
    "ops.access_grant": "everybody their own, admin all",
    "ops.access_log": "everybody their own, admin all",
}
"""What of a table a role sees, where it is not all of the tenant's rows."""


def may_read(table: str) -> frozenset[Role]:
    """Who may read a table or view, named `schema.name`."""
    return _first(READS, table)


def may_call(function: str) -> frozenset[Role]:
    """Who may call a function, named `schema.name`."""
    return _first(CALLS, function)


def _first(rules: Mapping[str, frozenset[Role]], name: str) -> frozenset[Role]:
    return next((roles for pattern, roles in rules.items() if fnmatchcase(name, pattern)), frozenset())


def table() -> str:
    """The roles and what they read, as the table of docs/access.md."""
    lines = [
        "| table or view | " + " | ".join(role.value.replace("_", " ") for role in Role) + " | limit |",
        "| --- |" + " --- |" * (len(Role) + 1),
    ]
    for name, roles in READS.items():
        marks = " | ".join("yes" if role in roles else "" for role in Role)
        lines.append(f"| `{name}` | {marks} | {LIMITS.get(name, '')} |")
    return "\n".join(lines)

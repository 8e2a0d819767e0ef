"""What must hold in each layer, as data: a rule looks at one column of the layer's profile.

A profile has one row a subject (a source, a fact table, a check), and in each column a number that the database counted
over all tenants at once. So the number of expectations does not grow with tenants, tables or rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Layer = Literal["receipts", "facts", "verdicts"]


@dataclass(frozen=True)
class Rule:
    """The column `name` of a profile must be zero: it counts what must not be. `means` says what a count of it is.

    A rule that does not block is a warning: it is about what a vendor says of itself.
    """

    name: str
    means: str
    blocks: bool = True


@dataclass(frozen=True)
class Profile:
    """A layer, counted: subject -> column -> number. `rows` of a subject is the size of what was looked at."""

    layer: Layer
    subjects: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold: where, which, and for how many rows."""

    subject: str
    rule: Rule
    count: int

    def __str__(self) -> str:
        return f"{self.subject}: {self.count} {self.rule.means} ({self.rule.name})"


RULES: Mapping[Layer, Sequence[Rule]] = {
    "receipts": (
        Rule("unknown_outcome", "receipts whose outcome is none of complete, partial, denied, failed"),
        Rule("missing_key", "receipts without tenant, connection, account, stream, scope or digest"),
        Rule("negative_number", "receipts with a negative number of pages, records or declared records"),
        Rule("repeated_collection", "collections that landed more than once"),
        Rule("unreconciled", "complete receipts whose records differ from the total that the source declared"),
        Rule("complete_with_errors", "complete receipts with a read error beside them"),
        Rule("backwards", "receipts that end before they start"),
        Rule("lost_records", "units whose current records are not as many as their last whole receipt says"),
        Rule("two_versions", "resources with two current versions"),
    ),
    "facts": (
        Rule("missing_column", "standard columns that the table does not have"),
        Rule("no_tenant", "rows without tenant_id"),
        Rule("no_connection", "rows without connection_id"),
        Rule("no_account", "rows without account_id"),
        Rule("no_scope", "rows without scope"),
        Rule("no_resource", "rows without resource_id"),
        Rule("no_collected_at", "rows of a vendor's records without collected_at"),
        Rule("no_evidence", "rows of a vendor's records without evidence_sha256"),
        Rule("repeated_key", "rows that share tenant, connection and resource with another row"),
        Rule("stranger", "rows of a tenant and connection that are not expected"),
        Rule("impossible_time", "rows collected after the time judged, or before 2020"),
        Rule("unlisted_quarantine", "quarantined rows more or less than facts.quarantine names"),
        Rule("observed_in_future", "rows that the source dates more than two days ahead", blocks=False),
    ),
    "verdicts": (
        Rule("unknown_status", "verdicts that are none of the five statuses"),
        Rule("unexplained", "UNKNOWN verdicts without one of the six reasons, or FAIL verdicts without any"),
        Rule("missing_key", "verdicts without tenant, connection, resource or check version"),
        Rule("overlap", "verdicts that hold at the same time as another one of the same resource"),
        Rule("backwards", "intervals that end before they begin"),
        Rule("in_future", "verdicts that begin after the time judged"),
        Rule("unrecorded", "verdicts of the last evaluation that no current interval says"),
    ),
}


def of_layer(layer: Layer, *, blocking: bool = True) -> tuple[Rule, ...]:
    """The rules of a layer that block (or, with blocking=False, those that warn)."""
    return tuple(rule for rule in RULES[layer] if rule.blocks is blocking)

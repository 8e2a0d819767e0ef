"""The IAM credential report: passwords, MFA and access keys of every user and of root, as one CSV."""

import csv
import io
from datetime import datetime, timedelta

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.times import instant
from kushim_pipeline.evidence.receipt import Reason

# AWS makes a report within seconds; a little over a minute is all that one is waited for.
WAITS = (0, 0.5, 1, 2, 4, 8, 16, 32)
OLDEST = timedelta(hours=24)
_COLUMNS = frozenset({"user", "arn", "user_creation_time", "password_enabled", "mfa_active", "access_key_1_active"})


def read_report(account: Account, region: str, sinks: Sinks) -> None:
    """Have the report made, wait until it is complete, read it: a record for every row."""
    sink = sinks["aws.iam_credential_report"]
    operation = "GenerateCredentialReport"
    try:
        _generate(account, region, sinks)
        operation = "GetCredentialReport"
        answer = call(account, region, [sink], "iam", operation)
        rows = parse(answer.want("Content", bytes))
        if not rows:
            operation = "GetAccountSummary"
            _prove_empty(account, region, sinks)
            return
        observed_at = _observed(answer, rows, account.now)
    except ReadFailed as failed:
        sink.problem(failed.reason, operation, failed.message)
        return
    for row in rows:
        sink.record(row["arn"], row, evidence=answer.evidence, observed_at=observed_at)


def parse(content: bytes) -> list[dict[str, str]]:
    """The report's rows (user guide, "Credential reports"). Raises ReadFailed(incomplete) otherwise."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ReadFailed(Reason.INCOMPLETE, "the credential report is not UTF-8") from None
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        rows: list[dict[str, str]] = list(reader)
    except csv.Error as error:
        raise ReadFailed(Reason.INCOMPLETE, f"the credential report is not CSV: {error}") from None
    missing = _COLUMNS - set(reader.fieldnames or ())
    if missing:
        raise ReadFailed(Reason.INCOMPLETE, f"the credential report has no column {', '.join(sorted(missing))}")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise ReadFailed(Reason.INCOMPLETE, f"line {number} of the credential report is cut off")
    return rows


def _generate(account: Account, region: str, sinks: Sinks) -> None:
    """AWS makes a new report when the last one is older than four hours, and says COMPLETE when it can be fetched."""
    for wait in WAITS:
        account.pace.clockwork.wait(wait)
        answer = call(account, region, [sinks["aws.iam_credential_report"]], "iam", "GenerateCredentialReport")
        if answer.body.get("State") == "COMPLETE":
            return
    raise ReadFailed(Reason.NOT_COLLECTED, f"AWS did not finish the report within {sum(WAITS):.0f} seconds")


def _observed(answer: Answer, rows: list[dict[str, str]], now: datetime) -> datetime | None:
    """When AWS looked. Raises ReadFailed(stale) for a report of more than a day.

    A report cannot be older than the users in it: a time before one of them was created is not this report's, and the
    time of collection stands in for it (AWS said that the report is complete, which it says for at most four hours).
    """
    generated = instant(answer.body.get("GeneratedTime"))
    if generated is None:
        return None
    created = [moment for row in rows if (moment := instant(row["user_creation_time"]))]
    if created and max(created) > generated:
        return None
    if now - generated > OLDEST:
        raise ReadFailed(Reason.STALE, f"the newest report that AWS gives is of {generated.isoformat()}")
    return generated


def _prove_empty(account: Account, region: str, sinks: Sinks) -> None:
    """AWS's own report always has a row for root; one without any row is believed only of an account without users."""
    sink = sinks["aws.iam_credential_report"]
    summary = call(account, region, [sink], "iam", "GetAccountSummary").want("SummaryMap", dict)
    if summary.get("Users") != 0:
        raise ReadFailed(Reason.INCOMPLETE, "the credential report has no row, but the account has users")
    sink.empty_is_proven("GetAccountSummary counts 0 users")

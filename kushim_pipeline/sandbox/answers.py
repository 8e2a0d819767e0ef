"""What the gate changes in moto's answers: what moto cannot be told, and the holes of the manifest. Pure."""

import base64
import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from kushim_pipeline.sandbox.estate import Account
from kushim_pipeline.sandbox.gate_calls import Call, Reply, denied, error
from kushim_pipeline.sandbox.manifest import AwsPlace

_CONTENT = re.compile(rb"(<Content>)(.*?)(</Content>)", re.DOTALL)
_GENERATED = re.compile(rb"(<GeneratedTime>)(.*?)(</GeneratedTime>)", re.DOTALL)
_AGE_OF_A_USER = 500
"""Days ago on which every user was made."""


@dataclass(frozen=True)
class Fault:
    """A place of the manifest with its account's number and the text that the request must hold."""

    account_id: str
    place: AwsPlace
    about: str = ""

    def strikes(self, call: Call, account_id: str) -> bool:
        """Whether a call, made in an account, is this one."""
        place = self.place
        return (
            call.name == place.call
            and account_id == self.account_id
            and place.region in ("", call.region)
            and self.about in call.text
        )


def before(call: Call, account_id: str, faults: Sequence[Fault]) -> Reply | None:
    """The answer to a call that moto is not asked at all; None for every other."""
    for fault in faults:
        if fault.strikes(call, account_id):
            if fault.place.way == "denied":
                return denied(call, account_id)
            if fault.place.way == "unavailable":
                return error(call, 503, "ServiceUnavailable", "The service is unavailable. Try again later.")
    return None


def after(call: Call, account: Account, reply: Reply, faults: Sequence[Fault], now: datetime) -> Reply:
    """moto's answer as AWS would give it for this account, and then as the manifest's holes want it."""
    if reply.status != 200:
        return reply
    body = reply.body
    struck = {fault.place.way for fault in faults if fault.strikes(call, account.account_id)}
    if call.name == "iam:GetAccountSummary":
        body = _summary(body, account, 2 if "two_more_declared" in struck else 0)
    if call.name == "iam:GetCredentialReport":
        generated = now - (timedelta(hours=30) if "report_of_yesterday" in struck else timedelta(minutes=1))
        body = _CONTENT.sub(lambda found: found[1] + _report(found[2], account, now) + found[3], body)
        body = _GENERATED.sub(lambda found: found[1] + _stamp(generated).encode() + found[3], body)
    if "cut_off" in struck:
        body = body[: len(body) * 2 // 3]
    if "twice_in_one_object" in struck:
        allow = b'{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}'
        body = body.rstrip()[:-1] + b',"Statement":[' + allow + b"]}"
    return Reply(reply.status, body, reply.headers)


def _summary(body: bytes, account: Account, more_users: int) -> bytes:
    def entry(name: bytes, value: int) -> None:
        nonlocal body
        pattern = re.compile(rb"(<key>" + name + rb"</key>\s*<value>)(\d+)(</value>)")
        body = pattern.sub(lambda found: found[1] + str(value).encode() + found[3], body)

    entry(b"AccountMFAEnabled", int(account.root.mfa))
    entry(b"AccountAccessKeysPresent", account.root.access_keys)
    if more_users:
        entry(b"Users", len(account.users) + more_users)
    return body


def _report(content: bytes, account: Account, now: datetime) -> bytes:
    """The credential report with root's row and the manifest's ages. In and out: Base64."""
    reader = csv.DictReader(io.StringIO(base64.b64decode(content).decode()))
    columns = list(reader.fieldnames or ())
    today = datetime.combine(now.date(), time(), UTC)  # by the day, so that two readings on one day agree

    def days_ago(days: int | None, never: str) -> str:
        return never if days is None else _stamp(today - timedelta(days=days))

    rows = [_root(columns, account, days_ago)]
    for row in reader:
        user = account.users[row["user"]]
        row["user_creation_time"] = days_ago(_AGE_OF_A_USER, "")
        if user.password:
            row["password_last_used"] = days_ago(user.password_used, "no_information")
        row["password_last_changed"] = days_ago(_AGE_OF_A_USER if user.password else None, "N/A")
        row["password_next_rotation"] = "N/A"  # noqa: S105 # a column of the report
        for number, key in enumerate(user.keys, start=1):
            row[f"access_key_{number}_last_rotated"] = days_ago(key.age, "N/A")
            row[f"access_key_{number}_last_used_date"] = days_ago(key.used, "N/A")
        rows.append(row)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return base64.b64encode(out.getvalue().encode())


def _root(columns: Sequence[str], account: Account, days_ago: Callable[[int | None, str], str]) -> dict[str, str]:
    """Root's row, as the IAM user guide ("Credential reports") shows it."""
    row = dict.fromkeys(columns, "N/A") | {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{account.account_id}:root",
        "user_creation_time": days_ago(_AGE_OF_A_USER, ""),
        "password_enabled": "not_supported",
        "password_last_used": days_ago(200, ""),
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "mfa_active": "true" if account.root.mfa else "false",
        "cert_1_active": "false",
        "cert_2_active": "false",
    }
    for number in (1, 2):
        there = account.root.access_keys >= number
        row[f"access_key_{number}_active"] = "true" if there else "false"
        if there:
            row[f"access_key_{number}_last_rotated"] = days_ago(_AGE_OF_A_USER, "")
    return row


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")

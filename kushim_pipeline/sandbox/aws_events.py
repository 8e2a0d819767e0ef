"""CloudTrail's event history for the sandbox: what the root user did, and who changed the audit trail. Pure."""

import json
from datetime import datetime, timedelta
from typing import Any

from kushim_pipeline.sandbox.aws_asked import Answer, Asked, iso, made_up


def event_id(account_id: str, region: str, name: str) -> str:
    """The id of an event that the manifest names."""
    found = made_up("event", account_id, region, name)
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"


def _lookup(asked: Asked) -> Answer:
    (wanted,) = asked.given["LookupAttributes"]
    since = datetime.fromisoformat(asked.given["StartTime"]) if isinstance(asked.given["StartTime"], str) else None
    since = since or datetime.fromtimestamp(asked.given["StartTime"], tz=asked.now.tzinfo)
    events = [_event(asked, name, days, root=True) for name, days in asked.here.root_used.items()]
    events += [_event(asked, name, days, root=False) for name, days in asked.here.logging_changed.items()]
    key = {"Username": "Username", "EventName": "EventName"}[wanted["AttributeKey"]]
    return {
        "Events": [
            event
            for event in events
            if event[key] == wanted["AttributeValue"] and event["EventTime"] >= since.timestamp()
        ]
    }


def _event(asked: Asked, name: str, days: int, *, root: bool) -> dict[str, Any]:
    account_id, region = asked.account.account_id, asked.call.region
    at = asked.days_ago(days) + timedelta(hours=9)
    who = "root" if root else next(iter(asked.account.users), "deploy")
    arn = f"arn:aws:iam::{account_id}:root" if root else f"arn:aws:iam::{account_id}:user/{who}"
    source = "signin.amazonaws.com" if name == "ConsoleLogin" else "cloudtrail.amazonaws.com"
    return {
        "EventId": event_id(account_id, region, name),
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": at.timestamp(),
        "EventSource": source,
        "Username": who,
        "Resources": [],
        "CloudTrailEvent": json.dumps(
            {
                "eventVersion": "1.11",
                "userIdentity": {
                    "type": "Root" if root else "IAMUser",
                    "principalId": account_id,
                    "arn": arn,
                    "accountId": account_id,
                },
                "eventTime": iso(at),
                "eventSource": source,
                "eventName": name,
                "awsRegion": region,
                "sourceIPAddress": "203.0.113.9",
                "eventID": event_id(account_id, region, name),
                "readOnly": False,
                "eventType": "AwsConsoleSignIn" if name == "ConsoleLogin" else "AwsApiCall",
                "managementEvent": True,
                "recipientAccountId": account_id,
                "eventCategory": "Management",
            }
        ),
    }


ANSWERS = {"cloudtrail:LookupEvents": _lookup}

"""Calls of AWS that moto is not asked: which there are, and the answers, made of what the manifest says. Pure.

A call that is not named here goes to moto.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from kushim_pipeline.sandbox import (
    aws_alerts,
    aws_backup,
    aws_detection,
    aws_edge,
    aws_events,
    aws_organizations,
    aws_quotas,
    aws_services,
)
from kushim_pipeline.sandbox.aws_asked import Answer, Asked
from kushim_pipeline.sandbox.estate import Account
from kushim_pipeline.sandbox.gate_calls import Call, Reply

ANSWERS: Mapping[str, Callable[[Asked], Answer]] = {
    **aws_alerts.ANSWERS,
    **aws_backup.ANSWERS,
    **aws_detection.ANSWERS,
    **aws_edge.ANSWERS,
    **aws_events.ANSWERS,
    **aws_organizations.ANSWERS,
    **aws_quotas.ANSWERS,
    **aws_services.ANSWERS,
}
"""service:Operation, the service as the request is signed for it -> how it is answered."""

MOTO_HAS = frozenset(
    name for name in (*aws_alerts.ANSWERS, *aws_edge.ANSWERS, *aws_services.ANSWERS) if not name.startswith("ssm:")
)
"""Calls that moto could answer too, where to build what they speak of would cost the demo seconds."""


def answered(call: Call, account: Account, names: Mapping[str, str], now: datetime) -> Reply | None:
    """The answer to a call; None for one that moto answers.

    In: the call, its account, what the manifest calls the account's resources (`[REGION/]KIND/NAME`) -> their ids.
    """
    answer = ANSWERS.get(call.name)
    if answer is None:
        return None
    found = answer(Asked(call, account, now, names))
    if isinstance(found, Reply):
        return found
    return Reply(200, json.dumps(found).encode(), {"Content-Type": "application/x-amz-json-1.1"})

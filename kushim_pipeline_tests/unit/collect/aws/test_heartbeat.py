"""What moves by itself stays out of a record only while it moves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kushim_pipeline.collect.aws.heartbeat import steady

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "stays"),
    [
        ({"LastUsedDate": "2026-06-01T11:00:00Z", "Region": "us-east-1"}, False),
        ({"LastUsedDate": "2026-05-01T11:00:00Z", "Region": "us-east-1"}, True),
        ({}, True),
        ({"LastUsedDate": "yesterday"}, True),
        (None, True),
    ],
)
def test_a_role_in_use_is_one_version_and_an_unused_one_says_since_when(used: Any, stays: bool) -> None:
    body = {"RoleName": "ci", "RoleLastUsed": used}
    assert steady("aws.iam_role", body, NOW) == (body if stays else {"RoleName": "ci"})

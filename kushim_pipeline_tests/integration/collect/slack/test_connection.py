"""What a tenant file may say of a Slack connection."""

import pytest
from pydantic import ValidationError

from kushim_pipeline.tenants.connection import SlackConnection

PLAIN = {"source": "slack", "token": "env:T"}


def test_a_token_is_all_that_is_needed() -> None:
    connection = SlackConnection.model_validate(PLAIN)
    assert (connection.connection_id, connection.announcement_channels) == ("slack:slack.com", ())
    assert set(connection.secret_refs()) == {"token"}


def test_channels_are_names_or_ids_and_both_tokens_are_secrets() -> None:
    named = SlackConnection.model_validate(
        {**PLAIN, "audit_token": "secret:org", "workspace": "acme", "announcement_channels": ["#security", "C024BE91L"]}
    )
    assert named.announcement_channels == ("#security", "C024BE91L")
    assert set(named.secret_refs()) == {"token", "audit_token"}
    assert named.connection_id == "slack:acme"


@pytest.mark.parametrize(
    "wrong",
    [
        {"announcement_channels": ["two words"]},
        {"announcement_channels": ["##x"]},
        {"announcement_channels": [""]},
        {"announcement_channels": "security"},
        {"audit_token": "xoxp-" + "1-literal"},
        {"workspace": "not a name"},
    ],
    ids=["space", "hashes", "empty", "text", "literal", "workspace"],
)
def test_mistakes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SlackConnection.model_validate({**PLAIN, **wrong})

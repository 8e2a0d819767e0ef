"""What the documents tell an administrator to grant is what the streams need, and no more."""

import json
import re
from pathlib import Path

from kushim_pipeline.collect.okta.streams import STREAMS

SOURCES = Path(__file__).parents[4] / "docs" / "sources"
SCOPE = re.compile(r"\bokta\.[A-Za-z]+\.(?:read|manage)\b")


def test_the_file_of_scopes_grants_what_the_streams_need() -> None:
    needs = " ".join(need for spec in STREAMS for need in spec.permissions)
    granted = set(json.loads((SOURCES / "okta-scopes.json").read_text())["scopes"])
    role = set(json.loads((SOURCES / "okta-iam-role.json").read_text())["permissions"])
    assert granted | role == set(SCOPE.findall(needs))
    assert not [scope for scope in granted | role if not scope.endswith(".read")]


def test_every_stream_is_explained_with_its_scopes() -> None:
    rows = {
        row.split("`")[1]: row for row in (SOURCES / "okta.md").read_text().splitlines() if row.startswith("| `okta.")
    }
    assert set(rows) == {spec.name for spec in STREAMS}
    for spec in STREAMS:
        scopes = {scope for need in spec.permissions for scope in SCOPE.findall(need)} - {"okta.iam.read"}
        assert scopes == set(SCOPE.findall(rows[spec.name])), spec.name

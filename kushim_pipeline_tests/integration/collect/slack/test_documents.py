"""What the documents tell an administrator to grant is what the streams need, and no more."""

import re
from pathlib import Path

import yaml

from kushim_pipeline.collect.slack.streams import STREAMS

SOURCES = Path(__file__).parents[4] / "docs" / "sources"
SCOPE = re.compile(r"\b(?:admin|auditlogs|channels|conversations|groups|team|users)(?:\.[a-z]+)?(?::[a-z.]+)?\b")
# Not granted by the manifest: it may disconnect, too. And only where an announcement channel is private.
NOT_BY_DEFAULT = {"conversations.connect:manage", "groups:history"}


def _user_scopes(name: str) -> set[str]:
    return set(yaml.safe_load((SOURCES / name).read_text())["oauth_config"]["scopes"]["user"])


def test_the_manifests_grant_what_the_streams_need() -> None:
    needs = " ".join(need for spec in STREAMS for need in spec.permissions)
    named = {scope for scope in SCOPE.findall(needs) if ":" in scope or f"the scope {scope}" in needs}
    granted = _user_scopes("slack-app-manifest.yaml") | _user_scopes("slack-org-app-manifest.yaml")
    assert granted == named - NOT_BY_DEFAULT
    assert named >= NOT_BY_DEFAULT


def test_every_stream_is_explained() -> None:
    text = (SOURCES / "slack.md").read_text()
    assert not [spec.name for spec in STREAMS if f"| `{spec.name}` |" not in text]

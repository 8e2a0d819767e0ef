"""`github.repository_settings`: what only GraphQL shows of a repository's settings, for many repositories a call.

Alerts for vulnerable dependencies, deploy keys, the files of workflows, and whether the token's owner may administer
the repository, without whom GitHub shows no settings. Source: GitHub GraphQL, object Repository. Archived repositories
are read, too: their deploy keys still open them. The files' contents are not in the record: `workflow_files` says which
actions each uses, or why it could not be read, which is no fault of the other settings.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.graphql import (
    PAGE,
    GithubReading,
    Node,
    Part,
    Question,
    in_batches,
    repository_part,
)
from kushim_pipeline.collect.github.graphql_page import rest_of
from kushim_pipeline.collect.github.repository import readable
from kushim_pipeline.collect.github.workflow import without_texts, workflow_files
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.reading import noted

NEEDS = "the repository permissions Administration: read and Contents: read on all repositories (classic: repo)"
BATCH = 40
_KEYS = f"totalCount {PAGE} nodes {{ id title readOnly createdAt verified }}"
QUESTION = Question(
    "RepositorySettings",
    NEEDS,
    f"""fragment Settings on Repository {{
  id databaseId isArchived isDisabled isFork isPrivate pushedAt updatedAt viewerCanAdminister
  hasVulnerabilityAlertsEnabled
  defaultBranchRef {{ name target {{ oid }} }}
  deployKeys(first: 50) {{ {_KEYS} }}
  workflows: object(expression: "HEAD:.github/workflows") {{
    ... on Tree {{ entries {{ name type object {{ ... on Blob {{ byteSize isBinary isTruncated text }} }} }} }}
  }}
}}""",
)
MORE_KEYS = Question("DeployKeys", NEEDS)


def read(c: Collection, reading: GithubReading) -> None:
    """A record for each repository: GraphQL's node."""
    listed = readable(c, reading)
    asked = listed[:1] if reading.sample else listed
    parts = [repository_part(repository, "...Settings") for repository in asked]
    for repository, found in zip(asked, in_batches(reading, c.keep, QUESTION, parts, BATCH), strict=True):
        with noted(c, QUESTION.operation, repository.id):
            _record(c, reading, repository, found)


def _record(c: Collection, reading: GithubReading, repository: Item, found: Node | Unread) -> None:
    if isinstance(found, Unread):
        raise found
    if found.errors:
        raise found.errors[0].unread(QUESTION.operation, NEEDS)
    keys = found.body.get("deployKeys")
    body = found.body
    if isinstance(keys, dict):

        def after(cursor: str) -> Part:
            fields = f"deployKeys(first: 100, after: $after) {{ {_KEYS} }}"
            return repository_part(repository, fields, after=("String", cursor))

        body = {**body, "deployKeys": rest_of(reading, c.keep, MORE_KEYS, after, ("deployKeys",), keys)}
    files = {"workflows": without_texts(body.get("workflows")), "workflow_files": workflow_files(body)}
    c.record(repository.id, {**body, **files}, evidence=found.evidence)

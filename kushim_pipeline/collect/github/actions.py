"""Which workflows may run and what they may write: `github.organization_actions` and `github.actions_permission`.

The organisation's record is its permissions with `workflow` (and `selected_actions` where some are selected). A
repository's is its permissions with `workflow`, which is asked only where the organisation lets workflows write: where
it does not, no repository can, and `workflow` is null. Source: GitHub REST, "Actions, permissions".
"""

from typing import Any
from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.changed import each_repository
from kushim_pipeline.collect.github.client import GITHUB
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.reading import Reading, report

OF_ORGANIZATION = "GET /orgs/{org}/actions/permissions"
OF_REPOSITORY = "GET /repos/{owner}/{repo}/actions/permissions"
NEEDS_ORGANIZATION = "the organisation permission Administration: read (classic: admin:org)"
NEEDS = "the repository permission Administration: read on all repositories (classic: repo)"


def read_organization(c: Collection, reading: Reading) -> None:
    """One record: the organisation's permissions for Actions."""
    try:
        body, evidence = _organization(reading, c.keep)
    except Unread as trouble:
        report(c, trouble)
        return
    if body.get("allowed_actions") == "selected":
        call = Call(
            f"{OF_ORGANIZATION}/selected-actions",
            f"/orgs/{reading.account}/actions/permissions/selected-actions",
            needs=NEEDS_ORGANIZATION,
        )
        try:
            body = {**body, "selected_actions": object_of(reading.client.ask(call, c.keep), call, GITHUB)}
        except Unread as trouble:
            report(c, trouble, reading.account)
            return
    c.record(reading.account, body, evidence=evidence)


def read_repositories(c: Collection, reading: Reading) -> None:
    """A record for each repository."""
    try:
        workflow = _organization(reading, c.keep)[0]["workflow"]
    except Unread:
        workflow = {}
    forbidden = workflow.get("default_workflow_permissions") == "read" and (
        workflow.get("can_approve_pull_request_reviews") is False
    )

    def one(repository: Item, mark: str) -> None:
        if repository.body.get("archived") is True:
            c.record(repository.id, {"absent": True, "code": "archived"}, evidence=repository.evidence, mark=mark)
            return
        path = "/repos/" + "/".join(quote(part, safe="") for part in repository.id.split("/"))
        call = Call(OF_REPOSITORY, f"{path}/actions/permissions", needs=NEEDS)
        answer = reading.client.ask(call, c.keep)
        body = object_of(answer, call, GITHUB)
        body["workflow"] = None
        if body.get("enabled") is not False and not forbidden:
            call = Call(f"{OF_REPOSITORY}/workflow", f"{path}/actions/permissions/workflow", needs=NEEDS)
            body["workflow"] = object_of(reading.client.ask(call, c.keep), call, GITHUB)
        c.record(repository.id, body, evidence=answer.evidence, mark=mark)

    each_repository(c, reading, OF_REPOSITORY, one)


def _organization(reading: Reading, keep: Keep) -> tuple[dict[str, Any], str]:
    """The organisation's permissions with those of workflows, read once for both streams. Raises Unread."""

    def read_it(keep: Keep) -> tuple[dict[str, Any], str]:
        path = f"/orgs/{reading.account}/actions/permissions"
        call = Call(OF_ORGANIZATION, path, needs=NEEDS_ORGANIZATION)
        answer = reading.client.ask(call, keep)
        body = object_of(answer, call, GITHUB)
        call = Call(f"{OF_ORGANIZATION}/workflow", f"{path}/workflow", needs=NEEDS_ORGANIZATION)
        return {**body, "workflow": object_of(reading.client.ask(call, keep), call, GITHUB)}, answer.evidence

    return reading.once("organization actions", read_it).get(keep)

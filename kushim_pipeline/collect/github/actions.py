"""Which workflows may run and what they may write: `github.organization_actions` and `github.actions_permission`.

The organisation's record is its permissions with `workflow` (and `selected_actions` where some are selected). A
repository's is its permissions with `workflow`. No list has them, so what the rest proves is not asked: where the
organisation lets no workflow write, no repository can, and `workflow` is null; where workflows run everywhere and a
repository lets them write, that is all that is asked of it, and the record has `workflow` alone. Source: GitHub REST,
"Actions, permissions"; "Disabling or limiting GitHub Actions for your organization".
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
from kushim_pipeline.evidence.receipt import Reason

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
        organization = _organization(reading, c.keep)[0]
    except Unread:
        organization = {"workflow": {}}
    may_write = organization["workflow"].get("default_workflow_permissions") != "read"
    runs_everywhere = organization.get("enabled_repositories") == "all"

    def ask(path: str, part: str = "") -> tuple[dict[str, Any], str]:
        call = Call(f"{OF_REPOSITORY}{part}", f"{path}/actions/permissions{part}", needs=NEEDS)
        answer = reading.client.ask(call, c.keep)
        return object_of(answer, call, GITHUB), answer.evidence

    def one(repository: Item, mark: str) -> None:
        if repository.body.get("archived") is True:
            c.record(repository.id, {"absent": True, "code": "archived"}, evidence=repository.evidence, mark=mark)
            return
        path = "/repos/" + "/".join(quote(part, safe="") for part in repository.id.split("/"))
        workflow = None
        if may_write and runs_everywhere:
            try:
                workflow, evidence = ask(path, "/workflow")
            except Unread as trouble:
                if trouble.reason is Reason.DENIED:
                    raise
            else:
                if workflow.get("default_workflow_permissions") == "write":
                    c.record(repository.id, {"workflow": workflow}, evidence=evidence, mark=mark)
                    return
        body, evidence = ask(path)
        if may_write and workflow is None and body.get("enabled") is not False:
            workflow, _ = ask(path, "/workflow")
        c.record(repository.id, {**body, "workflow": workflow}, evidence=evidence, mark=mark)

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

"""`github.code_scanning_analysis`: when code scanning last looked at each default branch.

The record is {"latest": the newest analysis, or null}. Source: GitHub REST, "List code scanning analyses for a
repository": newest first; a 404 that says `no analysis found` is the only proof of none. "List organization
repositories", security_and_analysis: a private repository that is shown without Code Security is not asked.
"""

from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.changed import each_repository
from kushim_pipeline.collect.github.client import GITHUB, said
from kushim_pipeline.collect.http.answers import NOT_ON_PLAN, Bad, elements_of
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "GET /repos/{owner}/{repo}/code-scanning/analyses"
NEEDS = "the repository permission Code scanning alerts: read on all repositories (classic: security_events)"
NONE_FOUND = "no analysis found"


def read(c: Collection, reading: Reading) -> None:
    """A record for each repository."""

    def one(repository: Item, mark: str) -> None:
        if repository.body.get("archived") is True:
            c.record(repository.id, {"absent": True, "code": "archived"}, evidence=repository.evidence, mark=mark)
            return
        if _is_off(repository):
            message = f"{NOT_ON_PLAN}the list of repositories says that Code Security is not enabled for this one"
            raise Unread(Reason.DENIED, OPERATION, message)
        branch = repository.body.get("default_branch")
        if not isinstance(branch, str) or not branch:
            raise Unread(Reason.INCOMPLETE, OPERATION, "the repository has no default branch: it is empty")
        path = "/repos/" + "/".join(quote(part, safe="") for part in repository.id.split("/"))
        parameters = {"ref": f"refs/heads/{branch}", "sort": "created", "direction": "desc", "per_page": "1"}
        call = Call(OPERATION, f"{path}/code-scanning/analyses", parameters, NEEDS)
        answer = reading.client.ask(call, c.keep)
        if answer.status == 404 and said(answer).casefold() == NONE_FOUND:
            latest = None
        else:
            found = elements_of(answer, call, GITHUB)
            if found and (isinstance(found[0], Bad) or not isinstance(found[0], dict)):
                message = found[0].message if isinstance(found[0], Bad) else "the newest analysis is no object"
                raise Unread(Reason.QUARANTINED, OPERATION, message)
            latest = found[0] if found else None
        c.record(repository.id, {"latest": latest}, evidence=answer.evidence, mark=mark)

    each_repository(c, reading, OPERATION, one)


def _is_off(repository: Item) -> bool:
    """Whether the list shows that code scanning was not bought. It came with Advanced Security, and is now part of Code
    Security; public repositories have it anyway."""
    shown = repository.body.get("security_and_analysis")
    if repository.body.get("private") is not True or not isinstance(shown, dict):
        return False
    features = [shown[name] for name in ("advanced_security", "code_security") if name in shown]
    return bool(features) and all(isinstance(each, dict) and each.get("status") == "disabled" for each in features)

"""`github.commit`: the commits of default branches in the last thirteen months: signature, author, pull requests.

Id: `org/repo@sha`; the record is GraphQL's node. A commit does not change, but a merge brings in older ones: a later
reading goes from the newest until what it found and what it knew are as many as GitHub counts; where they never are,
history was rewritten, and it goes to the end. GitHub links a commit to its pull request a while after the merge, so one
that was new and had none is looked at again. Source: GitHub GraphQL, objects Commit, GitSignature.
"""

from datetime import timedelta
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.graphql import PAGE, GithubReading, Node, Part, Question, repository_part
from kushim_pipeline.collect.github.graphql_page import is_all, rest_of
from kushim_pipeline.collect.github.history import History, Walk, read_history
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.record import pack
from kushim_pipeline.evidence.receipt import Reason

NEEDS = "the repository permissions Contents: read and Pull requests: read (classic: repo)"
ALONE = " alone"
"""At the end of the mark of a commit that had no pull request."""
AN_HOUR = timedelta(hours=1)
_PULLS = f"totalCount {PAGE} nodes {{ number state mergedAt baseRefName repository {{ nameWithOwner }} }}"
QUESTION = Question(
    "DefaultBranchCommits",
    NEEDS,
    f"""fragment Change on Commit {{
  id oid url messageHeadline authoredDate committedDate committedViaWeb
  author {{ name email date user {{ login }} }}
  committer {{ name email date user {{ login }} }}
  signature {{ isValid state wasSignedByGitHub signer {{ login }} }}
  parents(first: 5) {{ totalCount nodes {{ oid }} }}
  associatedPullRequests(first: 5) {{ {_PULLS} }}
}}""",
)
MORE_PULLS = Question("CommitPullRequests", NEEDS)


def read(c: Collection, reading: GithubReading) -> None:
    """A record for each commit in the window."""
    read_history(c, reading, HISTORY)


def _part(walk: Walk) -> Part:
    fields = (
        "defaultBranchRef { name target { ... on Commit { history(first: $first, after: $after, since: $since) "
        f"{{ totalCount {PAGE} nodes {{ ...Change }} }} }} }} }}"
    )
    return repository_part(
        walk.repository,
        fields,
        first=("Int", walk.size),
        after=("String", walk.cursor),
        since=("GitTimestamp", walk.window.isoformat(timespec="seconds").replace("+00:00", "Z")),
    )


def _take(c: Collection, reading: GithubReading, walk: Walk, node: dict[str, Any], page: Node) -> bool:
    oid, committed = node.get("oid"), parsed(node.get("committedDate"))
    if not isinstance(oid, str) or not oid.isalnum():
        raise Unread(Reason.QUARANTINED, QUESTION.operation, "a commit has no name")
    name = f"{walk.repository.id}@{oid}"
    walk.meet(name, QUESTION.operation)
    if committed is None:
        c.unreadable(name, Reason.QUARANTINED, QUESTION.operation, "the commit has no time")
        return True
    pulls = node.get("associatedPullRequests")
    known = walk.known.get(name, "")
    if not known or (known.endswith(ALONE) and isinstance(pulls, dict) and pulls.get("nodes")):
        walk.new += not known
        try:
            found = _all(c, reading, walk, oid, pulls)
        except Unread as trouble:
            c.unreadable(name, trouble.reason, trouble.operation, trouble.message)
        else:
            body = node if found is pulls else {**node, "associatedPullRequests": found}
            mark = str(node["committedDate"]) + ("" if found["nodes"] else ALONE)
            shown = page.shown and body is node
            walk.rows.append(pack(name, body, page.evidence, shown, committed, mark))
    return True


def _all(c: Collection, reading: GithubReading, walk: Walk, oid: str, pulls: Any) -> dict[str, Any]:
    if is_all(pulls):
        return pulls

    def after(cursor: str) -> Part:
        fields = (
            "object(oid: $oid) { ... on Commit { associatedPullRequests(first: 100, after: $after) "
            f"{{ {_PULLS} }} }} }}"
        )
        return repository_part(walk.repository, fields, oid=("GitObjectID", oid), after=("String", cursor))

    if not isinstance(pulls, dict):
        raise Unread(Reason.INCOMPLETE, QUESTION.operation, "the pull requests are left out of the answer")
    return rest_of(reading, c.keep, MORE_PULLS, after, ("object", "associatedPullRequests"), pulls)


def _is_done(walk: Walk) -> bool:
    if walk.whole or len(walk.known) + walk.new != walk.total:
        return False
    young = walk.since - AN_HOUR
    return not any(
        mark.endswith(ALONE) and name not in walk.seen and (parsed(mark.removesuffix(ALONE)) or young) > young
        for name, mark in walk.known.items()
    )


HISTORY = History(QUESTION, _part, ("defaultBranchRef", "target", "history"), _take, _is_done, "@")

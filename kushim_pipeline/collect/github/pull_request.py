"""`github.pull_request`: what was merged into default branches in the last thirteen months, with reviews and checks.

Id: `org/repo#N`; the record is GraphQL's node. Newest change first: a later reading stops an hour before
the newest change that is known. Source: GitHub GraphQL, objects PullRequest, PullRequestReview, StatusCheckRollup.
"""

from datetime import timedelta
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.graphql import PAGE, GithubReading, Node, Part, Question, Step, repository_part
from kushim_pipeline.collect.github.graphql_page import is_all, rest_of
from kushim_pipeline.collect.github.history import DENIED, History, Walk, read_history
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.record import pack
from kushim_pipeline.evidence.receipt import Reason

NEEDS = "the repository permissions Pull requests, Contents, Commit statuses and Checks: read (classic: repo)"
CLOSED = (
    "the token may not see its checks, as a fine-grained one sees no check run: whether they had passed is UNKNOWN; "
    "its reviews are read"
)
OVERLAP = timedelta(hours=1)
_REVIEWS = (
    f"totalCount {PAGE} nodes {{ author {{ __typename login }} authorCanPushToRepository state submittedAt "
    "commit { oid } }"
)
_CONTEXTS = (
    f"totalCount {PAGE} nodes {{ __typename ... on CheckRun {{ name status conclusion completedAt }} "
    "... on StatusContext { context state createdAt } }"
)
QUESTION = Question(
    "MergedPullRequests",
    NEEDS,
    f"""fragment Merged on PullRequest {{
  id number title body state url createdAt updatedAt mergedAt baseRefName headRefName headRefOid
  author {{ __typename login }}
  mergedBy {{ __typename login }}
  mergeCommit {{ oid }}
  reviews(first: 20) {{ {_REVIEWS} }}
  commits(last: 1) {{
    totalCount
    nodes {{
      commit {{
        oid messageHeadline committedViaWeb
        author {{ user {{ login }} }}
        statusCheckRollup {{ state contexts(first: 20) {{ {_CONTEXTS} }} }}
      }}
    }}
  }}
}}""",
)
MORE_REVIEWS = Question("PullRequestReviews", NEEDS)
MORE_CHECKS = Question("CommitChecks", NEEDS)


def read(c: Collection, reading: GithubReading) -> None:
    """A record for each pull request that was merged in the window."""
    read_history(c, reading, HISTORY)


def _part(walk: Walk) -> Part:
    fields = (
        "defaultBranchRef { name } pullRequests(states: [MERGED], baseRefName: $branch, first: $first, after: $after, "
        f"orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ totalCount {PAGE} nodes {{ ...Merged }} }}"
    )
    return repository_part(
        walk.repository,
        fields,
        branch=("String", walk.branch),
        first=("Int", walk.size),
        after=("String", walk.cursor),
    )


def _take(c: Collection, reading: GithubReading, walk: Walk, node: dict[str, Any], page: Node) -> bool:
    number, updated, merged = node.get("number"), parsed(node.get("updatedAt")), parsed(node.get("mergedAt"))
    if not isinstance(number, int) or isinstance(number, bool):
        raise Unread(Reason.QUARANTINED, QUESTION.operation, "a merged pull request has no number")
    name = f"{walk.repository.id}#{number}"
    walk.meet(name, QUESTION.operation)
    if updated is None or merged is None:
        c.unreadable(name, Reason.QUARANTINED, QUESTION.operation, "the merged pull request has no time")
        return True
    if updated < walk.since - (timedelta() if walk.whole else OVERLAP):
        return False
    denied = bool(page.errors) and any(map(_is_denied, _heads(node)))
    if denied and reading.sample:  # who tries the connection should know; a reading's record says so itself
        c.unreadable(name, Reason.DENIED, QUESTION.operation, CLOSED)
    mark = f"{node['mergedAt']} {node['updatedAt']}" + (DENIED if denied else "")
    if merged >= walk.window and walk.known.get(name) != mark:
        try:
            body = _whole(c, reading, walk, node)
        except Unread as trouble:
            c.unreadable(name, trouble.reason, trouble.operation, trouble.message)
        else:
            shown = page.shown and body is node
            walk.rows.append(pack(name, body, page.evidence, shown, updated, mark))
    return True


def _whole(c: Collection, reading: GithubReading, walk: Walk, node: dict[str, Any]) -> dict[str, Any]:
    """The node with all of its reviews and checks; mostly it has them already."""
    reviews, commits = node.get("reviews"), node.get("commits")
    if not isinstance(reviews, dict):
        raise Unread(Reason.INCOMPLETE, QUESTION.operation, "the reviews are left out of the answer")
    heads = commits.get("nodes") if isinstance(commits, dict) else None
    if not isinstance(commits, dict) or not isinstance(heads, list):
        raise Unread(Reason.INCOMPLETE, QUESTION.operation, "the commits are left out of the answer")
    all_reviews = reviews if is_all(reviews) else _all_reviews(c, reading, walk, node["number"], reviews)
    checked = [_with_checks(c, reading, walk, head) for head in heads]
    if all_reviews is reviews and all(new is old for new, old in zip(checked, heads, strict=True)):
        return node
    return {**node, "reviews": all_reviews, "commits": {**commits, "nodes": checked}}


def _all_reviews(
    c: Collection, reading: GithubReading, walk: Walk, number: int, reviews: dict[str, Any]
) -> dict[str, Any]:
    def after(cursor: str) -> Part:
        fields = f"pullRequest(number: $number) {{ reviews(first: 100, after: $after) {{ {_REVIEWS} }} }}"
        return repository_part(walk.repository, fields, number=("Int!", number), after=("String", cursor))

    return rest_of(reading, c.keep, MORE_REVIEWS, after, ("pullRequest", "reviews"), reviews)


def _with_checks(c: Collection, reading: GithubReading, walk: Walk, head: Any) -> Any:
    commit = head.get("commit") if isinstance(head, dict) else None
    rollup = commit.get("statusCheckRollup") if isinstance(commit, dict) else None
    if not isinstance(commit, dict) or not isinstance(rollup, dict):
        return head
    shown = rollup.get("contexts") or {}
    if is_all(shown) or _is_denied(head):
        return head

    def contexts(cursor: str) -> Part:
        fields = (
            "object(oid: $oid) { ... on Commit { statusCheckRollup { contexts(first: 100, after: $after) "
            f"{{ {_CONTEXTS} }} }} }} }}"
        )
        oid = ("GitObjectID", commit.get("oid"))
        return repository_part(walk.repository, fields, oid=oid, after=("String", cursor))

    path = ("object", "statusCheckRollup", "contexts")
    found = rest_of(reading, c.keep, MORE_CHECKS, contexts, path, shown)
    return {**head, "commit": {**commit, "statusCheckRollup": {**rollup, "contexts": found}}}


def _spares(place: tuple[Step, ...]) -> bool:
    """The reviews are judged although the checks are closed: to a fine-grained token every check run is."""
    return place[:5] == ("commits", "nodes", 0, "commit", "statusCheckRollup")


def _heads(node: dict[str, Any]) -> list[Any]:
    commits = node.get("commits")
    heads = commits.get("nodes") if isinstance(commits, dict) else None
    return heads if isinstance(heads, list) else []


def _is_denied(head: Any) -> bool:
    """Whether the token may not see all checks of a commit, as `with_denied` says it."""
    commit = head.get("commit") if isinstance(head, dict) else None
    rollup = commit.get("statusCheckRollup") if isinstance(commit, dict) else None
    contexts = rollup.get("contexts") if isinstance(rollup, dict) else None
    nodes = contexts.get("nodes") if isinstance(contexts, dict) else None
    shown = (rollup, contexts, *(nodes if isinstance(nodes, list) else ()))
    return any("denied" in each for each in shown if isinstance(each, dict))


HISTORY = History(QUESTION, _part, ("pullRequests",), _take, lambda _: False, "#", _spares)

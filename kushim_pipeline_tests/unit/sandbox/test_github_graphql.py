"""The stand-in answers GraphQL as GitHub does: what its public schema and its limits say."""

import json
from typing import Any

import pytest
import requests

from kushim_pipeline.sandbox.github.model import (
    ActionsPolicy,
    BypassActor,
    Check,
    Commit,
    DeployKey,
    Description,
    Identity,
    IdentityProvider,
    Organization,
    Protection,
    PullRequest,
    Repository,
    Review,
    Rule,
    Ruleset,
    Signature,
    Team,
    Token,
    User,
)
from kushim_pipeline.sandbox.github.server import start
from kushim_pipeline.sandbox.github.vendor import Github
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.paging import Made
from kushim_pipeline.sandbox.standin.vendor import Request

PULLS = (
    PullRequest(1, "ann", merged_at="2026-01-02T00:00:00Z", merged_by="bob", reviews=(Review("bob"),)),
    PullRequest(
        2,
        "dependabot[bot]",
        merged_at="2026-01-04T00:00:00Z",
        head="a" * 40,
        reviews=(Review("bob", "CHANGES_REQUESTED"), Review("bob", commit="b" * 40)),
        checks=(Check("ci"), Check("lint", "FAILURE"), Check("scan", is_status=True)),
    ),
    PullRequest(3, "", merged_at=None, updated_at="2026-01-03T00:00:00Z"),
    PullRequest(4, "ann", merged_at="2026-01-05T00:00:00Z", base="release"),
)
RULES = (
    Rule("pull_request", {"required_approving_review_count": 2, "dismiss_stale_reviews_on_push": True}),
    Rule("required_status_checks", {"required_status_checks": [{"context": "ci"}]}),
    Rule("deletion"),
)
CORE = Repository(
    "core",
    protection=Protection(
        checks=("ci",), bypass=(BypassActor(7, "Team", name="ops"), BypassActor(8, "User", name="bob"))
    ),
    pull_requests=PULLS,
    deploy_keys=(DeployKey(11, read_only=False),),
    files={
        ".github/workflows/ci.yml": "on: push\n",
        ".github/workflows/logo.png": b"\x89PNG",
        ".github/dependabot.yml": "version: 2\n",
        "README.md": "# Core\n",
    },
    rulesets=(Ruleset(20, "own", RULES, (BypassActor(9, "Integration", "pull_request", "mergebot"),)),),
    actions=ActionsPolicy(),
)
HISTORY = Repository(
    "history",
    visibility="public",
    commits=(
        Commit(
            "c" * 40, "Third\n\nbody", "ann", "web-flow", "2026-01-03T00:00:00Z", signature=Signature(by_github=True)
        ),
        Commit("d" * 40, "Second", "", "", "2026-01-02T00:00:00Z", author_name="Ghost", parents=("e" * 40,)),
        Commit("e" * 40, "First", "bob", "bob", "2026-01-01T00:00:00Z", signature=Signature(False, "UNKNOWN_KEY")),
    ),
)
ORG = Organization(
    "acme",
    members=(User("ann", owner=True), User("bob", two_factor=False)),
    repositories=(CORE, HISTORY, Repository("blank", empty=True), Repository("old", archived=True)),
    rulesets=(Ruleset(5, "all", (Rule("deletion"),), (BypassActor(1, "OrganizationAdmin"),)),),
    teams=(Team("ops", ("bob",), ("ann",)),),
    saml=IdentityProvider(
        identities=(Identity("g1", "ann@acme.test", "ann", ("ann@acme.test",), "ann"), Identity("g2", "x"))
    ),
)
TOKENS = (
    Token("o", "ann", "acme"),
    Token("m", "bob", "acme", role="member"),
    Token("l", "ann", "acme", lacks=("administration", "members")),
    Token("s", "eve", "elsewhere"),
)
GITHUB = Github(Description((ORG,), TOKENS))
LARGE = """
query Large($login: String!, $after: String) {
  rateLimit { cost limit remaining used nodeCount resetAt }
  organization(login: $login) {
    repositories(first: 10, after: $after, orderBy: {field: NAME, direction: ASC}) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { ...settings }
    }
  }
}
fragment settings on Repository {
  id databaseId name nameWithOwner isArchived isFork visibility pushedAt updatedAt viewerCanAdminister viewerPermission
  hasVulnerabilityAlertsEnabled
  defaultBranchRef {
    name
    target { ... on Commit { oid history(first: 2, since: "2020-01-01T00:00:00Z") { totalCount nodes { oid
      messageHeadline committedDate authoredDate author { name email user { login } } committer { user { login } }
      signature { isValid state wasSignedByGitHub } parents(first: 2) { totalCount nodes { oid } }
      associatedPullRequests(first: 2) { totalCount nodes { number merged baseRefName mergedAt } } } } } }
    branchProtectionRule { id pattern requiresApprovingReviews requiredApprovingReviewCount dismissesStaleReviews
      requiresCodeOwnerReviews requireLastPushApproval isAdminEnforced requiresStatusChecks requiresStrictStatusChecks
      requiredStatusCheckContexts requiredStatusChecks { context } allowsForcePushes allowsDeletions
      requiresLinearHistory requiresCommitSignatures requiresConversationResolution restrictsPushes lockBranch
      bypassPullRequestAllowances(first: 10) { totalCount nodes { actor {
        ... on User { login } ... on Team { slug } ... on App { slug } } } } }
  }
  rulesets(first: 10, includeParents: true) { totalCount nodes { databaseId name target enforcement
    source { ... on Organization { login } ... on Repository { nameWithOwner } }
    conditions { refName { include exclude } }
    bypassActors(first: 10) { totalCount nodes { bypassMode organizationAdmin repositoryRoleDatabaseId
      repositoryRoleName actor { ... on Team { slug databaseId } ... on App { slug databaseId } } } }
    rules(first: 10) { totalCount nodes { type parameters {
      ... on PullRequestParameters { requiredApprovingReviewCount dismissStaleReviewsOnPush requireCodeOwnerReview
        requireLastPushApproval requiredReviewThreadResolution }
      ... on RequiredStatusChecksParameters { strictRequiredStatusChecksPolicy
        requiredStatusChecks { context integrationId } } } } } } }
  deployKeys(first: 10) { totalCount nodes { id title key readOnly verified createdAt } }
  pullRequests(first: 10, states: [MERGED], baseRefName: "main", orderBy: {field: UPDATED_AT, direction: DESC}) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { number title body headRefName headRefOid baseRefName createdAt updatedAt mergedAt mergeCommit { oid }
      author { login __typename } mergedBy { login } reviewDecision
      reviews(first: 10) { totalCount nodes { author { login } state submittedAt commit { oid } } }
      commits(last: 1) { totalCount nodes { commit { oid committedDate statusCheckRollup { state
        contexts(first: 10) { totalCount nodes { __typename ... on CheckRun { name conclusion status }
          ... on StatusContext { context state } } } } } } } } }
  object(expression: "HEAD:.github/workflows") { ... on Tree { entries { name type
    object { ... on Blob { text isBinary byteSize } } } } }
}
"""


def ask(query: str, token: str = "o", fault: Fault | None = None, **variables: Any) -> dict[str, Any]:  # noqa: S107
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"authorization": f"bearer {token}"}
    reply = GITHUB.respond(Request("POST", "/graphql", {}, body, headers, "", used=3, reset_at=1e9, fault=fault))
    assert reply.status == 200
    answered: dict[str, Any] = json.loads(json.dumps(reply.body))
    return answered


def test_all_that_collection_reads_in_one_query() -> None:
    answered = ask(LARGE, login="ACME")
    assert "errors" not in answered
    assert answered["data"]["rateLimit"] == {
        "cost": 6,  # 591 requests fill every connection once for each node above it
        "limit": 5000,
        "remaining": 4997,
        "used": 3,
        "nodeCount": 4610,
        "resetAt": "2001-09-09T01:46:40Z",
    }
    listed = answered["data"]["organization"]["repositories"]
    assert [node["name"] for node in listed["nodes"]] == ["blank", "core", "history", "old"]
    blank, core, history, _ = listed["nodes"]
    assert (blank["defaultBranchRef"], blank["object"], blank["pushedAt"]) == (None, None, None)

    first, second = core["pullRequests"]["nodes"]
    assert core["pullRequests"]["totalCount"] == 2, "open ones, and those into another branch, are left out"
    assert [first["number"], second["number"]] == [2, 1]
    assert first["author"] == {"login": "dependabot", "__typename": "Bot"}
    assert first["reviewDecision"] == "APPROVED"
    assert [review["commit"]["oid"][0] for review in first["reviews"]["nodes"]] == ["a", "b"]
    rollup = first["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
    assert rollup["state"] == "FAILURE"
    assert [node["__typename"] for node in rollup["contexts"]["nodes"]] == ["CheckRun", "CheckRun", "StatusContext"]
    assert second["mergedBy"] == {"login": "bob"}
    assert second["commits"]["nodes"][0]["commit"]["statusCheckRollup"] is None

    branch = core["defaultBranchRef"]
    assert branch["target"]["oid"] == first["mergeCommit"]["oid"], "each merged pull request left a commit"
    assert branch["target"]["history"]["totalCount"] == 3
    assert branch["target"]["history"]["nodes"][0]["associatedPullRequests"]["nodes"][0]["number"] == 2
    rule = branch["branchProtectionRule"]
    assert (rule["requiredApprovingReviewCount"], rule["requiredStatusChecks"]) == (1, [{"context": "ci"}])
    allowed = rule["bypassPullRequestAllowances"]["nodes"]
    assert allowed == [{"actor": {"slug": "ops"}}, {"actor": {"login": "bob"}}]

    own, above = core["rulesets"]["nodes"]
    assert (own["source"], above["source"]) == ({"nameWithOwner": "acme/core"}, {"login": "acme"})
    assert own["bypassActors"]["nodes"][0]["actor"] == {"slug": "mergebot", "databaseId": 9}
    assert above["bypassActors"]["nodes"][0]["organizationAdmin"] is True
    assert [node["type"] for node in own["rules"]["nodes"]] == ["PULL_REQUEST", "REQUIRED_STATUS_CHECKS", "DELETION"]
    assert own["rules"]["nodes"][0]["parameters"]["requiredApprovingReviewCount"] == 2
    assert own["rules"]["nodes"][1]["parameters"]["requiredStatusChecks"] == [{"context": "ci", "integrationId": None}]
    assert own["rules"]["nodes"][2]["parameters"] is None

    assert core["deployKeys"]["nodes"][0]["readOnly"] is False
    assert core["object"]["entries"] == [
        {"name": "ci.yml", "type": "blob", "object": {"text": "on: push\n", "isBinary": False, "byteSize": 9}},
        {"name": "logo.png", "type": "blob", "object": {"text": None, "isBinary": True, "byteSize": 4}},
    ]
    third, ghost = history["defaultBranchRef"]["target"]["history"]["nodes"]
    assert third["messageHeadline"] == "Third"
    assert third["signature"] == {"isValid": True, "state": "VALID", "wasSignedByGitHub": True}
    assert (ghost["author"]["name"], ghost["author"]["user"], ghost["signature"]) == ("Ghost", None, None)


def test_people_and_their_identities() -> None:
    query = """{ organization(login: "acme") {
      membersWithRole(first: 1) { totalCount pageInfo { hasNextPage endCursor }
        edges { role hasTwoFactorEnabled node { login databaseId } } }
      teams(first: 5) { nodes { slug members(first: 5) { edges { role node { login } } } } }
      samlIdentityProvider { ssoUrl issuer externalIdentities(first: 5) { totalCount nodes { guid
        samlIdentity { nameId username emails { value } } scimIdentity { username } user { login } } } } } }"""
    found = ask(query)["data"]["organization"]
    assert found["membersWithRole"]["totalCount"] == 2
    assert found["membersWithRole"]["edges"][0]["role"] == "ADMIN"
    assert found["membersWithRole"]["pageInfo"]["hasNextPage"] is True
    assert [e["role"] for e in found["teams"]["nodes"][0]["members"]["edges"]] == ["MAINTAINER", "MEMBER"]
    ann, nobody = found["samlIdentityProvider"]["externalIdentities"]["nodes"]
    assert ann["samlIdentity"] == {
        "nameId": "ann@acme.test",
        "username": "ann@acme.test",
        "emails": [{"value": "ann@acme.test"}],
    }
    assert (nobody["user"], nobody["scimIdentity"]) == (None, None)

    member = ask(query, "m")["data"]["organization"]
    assert member["samlIdentityProvider"] is None, "only owners are shown it"
    assert member["membersWithRole"]["edges"][0]["hasTwoFactorEnabled"] is None
    lacking = ask(query, "l")
    assert lacking["data"] == {"organization": None}, "a connection that may not be null takes its object with it"
    assert lacking["errors"][0] == {
        "type": "FORBIDDEN",
        "path": ["organization", "membersWithRole"],
        "extensions": {"saml_failure": False},
        "locations": [{"line": 2, "column": 7}],
        "message": "Resource not accessible by personal access token",
    }


def test_what_is_hidden_from_who_may_not_administer() -> None:
    query = """{ repository(owner: "acme", name: "core") { viewerCanAdminister viewerPermission
      hasVulnerabilityAlertsEnabled defaultBranchRef { branchProtectionRule { id } }
      rulesets(first: 5) { nodes { name bypassActors(first: 5) { totalCount } } } } }"""
    assert ask(query, "m")["data"]["repository"] == {
        "viewerCanAdminister": False,
        "viewerPermission": "READ",
        "hasVulnerabilityAlertsEnabled": False,
        "defaultBranchRef": {"branchProtectionRule": None},
        "rulesets": {"nodes": [{"name": "own", "bypassActors": None}, {"name": "all", "bypassActors": None}]},
    }
    keys = (
        '{ organization(login: "acme") { repositories(first: 1) { nodes { deployKeys(first: 1) { totalCount } } } } }'
    )
    assert ask(keys, "m")["data"]["organization"]["repositories"]["nodes"] == [{"deployKeys": {"totalCount": 0}}]
    lacking = ask(keys, "l")
    assert lacking["data"]["organization"]["repositories"]["nodes"] == [None]
    assert lacking["errors"][0]["path"] == ["organization", "repositories", "nodes", 0, "deployKeys"]


@pytest.mark.parametrize(
    ("query", "token", "kind", "message"),
    [
        ('{ organization(login: "no") { id } }', "o", "NOT_FOUND", "an Organization with the login of 'no'"),
        ('{ repository(owner: "acme", name: "core") { id } }', "s", "NOT_FOUND", "with the name 'acme/core'"),
        (
            '{ organization(login: "acme") { repositories { nodes { id } } } }',
            "o",
            "MISSING_PAGINATION_BOUNDARIES",
            "first",
        ),
        (
            '{ organization(login: "acme") { repositories(first: 101) { nodes { id } } } }',
            "o",
            "EXCESSIVE_PAGINATION",
            "Requesting 101 records on the `repositories` connection exceeds the `first` limit of 100 records.",
        ),
        (
            '{ organization(login: "acme") { repositories(first: 100) { nodes { pullRequests(first: 100) { nodes {'
            " reviews(first: 50) { nodes { id } } } } } } } }",
            "o",
            "MAX_NODE_LIMIT_EXCEEDED",
            "requests up to 510,100 possible nodes which exceeds the maximum limit of 500,000.",
        ),
        (
            '{ organization(login: "acme") { repositories(first: 1, after: "x") { nodes { id } } } }',
            "o",
            "INVALID_CURSOR_ARGUMENTS",
            "`x` does not appear to be a valid cursor.",
        ),
        ("{ organization(login", "o", None, "Syntax Error"),
        ('{ organization(login: "acme") { nope } }', "o", None, "Field 'nope' doesn't exist on type 'Organization'"),
        ("query($login: String!) { organization(login: $login) { id } }", "o", None, "Variable '$login'"),
    ],
    ids=["organization", "repository", "unbounded", "excessive", "nodes", "cursor", "syntax", "field", "variable"],
)
def test_errors_come_with_a_200(query: str, token: str, kind: str | None, message: str) -> None:
    answered = ask(query, token)
    assert answered["errors"][0].get("type") == kind
    assert message in answered["errors"][0]["message"]
    assert not any((answered.get("data") or {}).values())


def test_a_count_alone_needs_no_bounds() -> None:
    found = ask('{ repository(owner: "acme", name: "core") { pullRequests { totalCount } } }')
    assert found["data"]["repository"]["pullRequests"] == {"totalCount": 4}


def test_pages_lead_to_the_end_and_faults_lead_astray() -> None:
    query = """query($after: String) { organization(login: "acme") { repositories(first: 3, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } nodes { name } } } }"""

    def page(after: str | None, fault: Fault | None = None) -> dict[str, Any]:
        found: dict[str, Any] = ask(query, fault=fault, after=after)["data"]["organization"]["repositories"]
        return found

    first = page(None)
    last = page(first["pageInfo"]["endCursor"])
    assert [node["name"] for node in first["nodes"] + last["nodes"]] == ["core", "history", "blank", "old"]
    assert last["pageInfo"]["hasNextPage"] is False
    assert page(None, Fault("*", "cut_pages"))["pageInfo"]["hasNextPage"] is False
    assert page(first["pageInfo"]["endCursor"], Fault("*", "loop"))["pageInfo"] == first["pageInfo"]
    assert page(None, Fault("*", "empty"))["nodes"] == []
    backward = """{ repository(owner: "acme", name: "history") { defaultBranchRef { target { ... on Commit {
      history(last: 1) { nodes { oid } pageInfo { hasPreviousPage hasNextPage } } } } } } }"""
    found = ask(backward)["data"]["repository"]["defaultBranchRef"]["target"]["history"]
    assert found == {"nodes": [{"oid": "e" * 40}], "pageInfo": {"hasPreviousPage": True, "hasNextPage": False}}


def test_only_the_page_that_is_shown_is_made() -> None:
    made = []

    def pull(number: int) -> PullRequest:
        made.append(number)
        return PullRequest(number + 1, "ann")

    org = Organization("big", repositories=(Repository("one", pull_requests=Made(5000, pull)),))
    github = Github(Description((org,), (Token("o", "ann", "big"),)))
    query = '{ repository(owner: "big", name: "one") { pullRequests(first: 2) { totalCount nodes { number } } } }'
    body = json.dumps({"query": query}).encode()
    reply = github.respond(Request("POST", "/graphql", {}, body, {"authorization": "bearer o"}, ""))
    assert reply.body["data"]["repository"]["pullRequests"]["totalCount"] == 5000
    assert made == [0, 1]


def test_points_are_counted_beside_requests_and_a_spent_budget_is_told_by_a_200() -> None:
    server = start(Description((ORG,), TOKENS, points=8), base_path="/api/v3")
    try:
        where, headers = server.url.removesuffix("/v3") + "/graphql", {"Authorization": "bearer o"}
        body = {"query": LARGE, "variables": {"login": "acme"}, "operationName": "Large"}
        first = requests.post(where, json=body, headers=headers, timeout=10)
        assert first.headers["x-ratelimit-resource"] == "graphql"
        assert (first.headers["x-ratelimit-used"], first.headers["x-ratelimit-remaining"]) == ("6", "2")
        assert first.json()["data"]["rateLimit"]["remaining"] == 2
        spent = requests.post(where, json=body, headers=headers, timeout=10)
        assert (spent.status_code, spent.headers["x-ratelimit-remaining"]) == (200, "0")
        assert spent.json()["errors"][0]["type"] == "RATE_LIMITED"
        rest = requests.get(f"{server.url}/user", headers=headers, timeout=10)
        assert (rest.headers["x-ratelimit-resource"], rest.headers["x-ratelimit-used"]) == ("core", "1")
        assert requests.post(where, json=body, timeout=10).status_code == 401
        assert requests.post(where, data=b"{", headers=headers, timeout=10).status_code == 200, "the budget is spent"
        assert server.ledger[0].query == "operationName=Large&login=acme"
        assert [asked.bucket for asked in server.ledger][:3] == ["graphql", "graphql", "core"]
    finally:
        server.stop()

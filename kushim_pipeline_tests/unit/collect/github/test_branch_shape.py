"""What GraphQL says of a branch's protection, in REST's words, and what may not be said without a guess."""

from typing import Any

import pytest

from kushim_pipeline.collect.github.branch_shape import (
    NotProven,
    applies,
    branch_rules,
    classic,
    matches,
    repository_ruleset,
)


def page(*nodes: Any, more: bool = False) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": more, "endCursor": None}, "nodes": list(nodes)}


def protection(**changed: Any) -> dict[str, Any]:
    flags = """requiresStatusChecks requiresStrictStatusChecks requiresApprovingReviews dismissesStaleReviews
        requiresCodeOwnerReviews requireLastPushApproval restrictsPushes requiresCommitSignatures isAdminEnforced
        requiresLinearHistory allowsForcePushes allowsDeletions blocksCreations requiresConversationResolution
        lockBranch""".split()
    return {
        **dict.fromkeys(flags, False),
        "requiredApprovingReviewCount": None,
        "requiredStatusCheckContexts": [],
        "bypassPullRequestAllowances": page(),
        **changed,
    }


def ruleset(**changed: Any) -> dict[str, Any]:
    review = {
        "__typename": "PullRequestParameters",
        "requiredApprovingReviewCount": 2,
        "dismissStaleReviewsOnPush": True,
    }
    return {
        "id": "RRS_1",
        "databaseId": 71,
        "name": "own",
        "target": "BRANCH",
        "enforcement": "ACTIVE",
        "createdAt": "2026-01-05T09:30:00Z",
        "updatedAt": "2026-01-05T09:30:00Z",
        "source": {"__typename": "Repository", "nameWithOwner": "acme/one"},
        "conditions": {"refName": {"include": ["~DEFAULT_BRANCH"], "exclude": []}, "repositoryName": None},
        "rules": page({"type": "DELETION", "parameters": None}, {"type": "PULL_REQUEST", "parameters": review}),
        "bypassActors": page(),
        **changed,
    }


def refs(*include: str, exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"refName": {"include": list(include), "exclude": list(exclude)}}


def test_protection_with_everything() -> None:
    exempt = page(
        {"actor": {"__typename": "User", "login": "a"}},
        {"actor": {"__typename": "Team", "slug": "b"}},
        {"actor": {"__typename": "App", "slug": "c"}},
    )
    found = classic(
        protection(
            requiresApprovingReviews=True,
            requiredApprovingReviewCount=2,
            dismissesStaleReviews=True,
            requiresStatusChecks=True,
            requiredStatusCheckContexts=["build"],
            bypassPullRequestAllowances=exempt,
            isAdminEnforced=True,
        )
    )
    reviews = found["required_pull_request_reviews"]
    assert (reviews["required_approving_review_count"], reviews["dismiss_stale_reviews"]) == (2, True)
    assert reviews["bypass_pull_request_allowances"] == {
        "users": [{"login": "a"}],
        "teams": [{"slug": "b"}],
        "apps": [{"slug": "c"}],
    }
    assert found["required_status_checks"]["contexts"] == ["build"]
    assert found["enforce_admins"] == {"enabled": True}
    assert found["allow_force_pushes"] == {"enabled": False}


def test_what_is_not_demanded_is_left_out() -> None:
    found = classic(protection())
    assert not {"required_pull_request_reviews", "required_status_checks", "restrictions"} & set(found)


@pytest.mark.parametrize(
    "changed",
    [
        {"isAdminEnforced": None},
        {"restrictsPushes": True},
        {"requiresApprovingReviews": True},
        {"requiresStatusChecks": True, "requiredStatusCheckContexts": None},
        {
            "requiresApprovingReviews": True,
            "requiredApprovingReviewCount": 1,
            "bypassPullRequestAllowances": page(more=True),
        },
        {
            "requiresApprovingReviews": True,
            "requiredApprovingReviewCount": 1,
            "bypassPullRequestAllowances": page({"actor": None}),
        },
    ],
    ids=["flag", "pushes", "count", "contexts", "cut", "hidden"],
)
def test_protection_that_is_not_proven(changed: dict[str, Any]) -> None:
    with pytest.raises(NotProven):
        classic(protection(**changed))


@pytest.mark.parametrize(
    ("conditions", "reaches"),
    [
        (refs("~DEFAULT_BRANCH"), True),
        (refs("~ALL"), True),
        (refs("refs/heads/release/1.0"), True),
        (refs("refs/heads/main"), False),
        (refs("refs/heads/release/*"), True),
        (refs("refs/heads/*"), False),
        (refs("refs/heads/**/*"), True),
        (refs("refs/heads/release/?.?"), True),
        (refs(), False),
        (refs("~ALL", exclude=("~DEFAULT_BRANCH",)), False),
        (refs("~ALL", exclude=("refs/heads/release/*",)), False),
        (refs("~ALL", exclude=("refs/heads/main",)), True),
    ],
)
def test_which_branches_a_ruleset_reaches(conditions: dict[str, Any], reaches: bool) -> None:
    assert applies(ruleset(conditions=conditions), "acme/one", "release/1.0") is reaches


@pytest.mark.parametrize("state", ["DISABLED", "EVALUATE"])
def test_a_ruleset_that_is_not_in_force(state: str) -> None:
    assert not applies(ruleset(enforcement=state), "acme/one", "main")


def test_a_ruleset_of_tags_reaches_no_branch() -> None:
    assert not applies(ruleset(target="TAG"), "acme/one", "main")


@pytest.mark.parametrize(
    "changed",
    [
        {"enforcement": "SOMETIMES"},
        {"target": "MOON"},
        {"conditions": None},
        {"conditions": refs("~NEW_WORD")},
        {"conditions": refs("refs/heads/[a-m]*")},
        {"conditions": refs("refs/heads/{main,next}")},
        {"conditions": refs("refs/heads/**")},
        {"conditions": {**refs("~ALL"), "repositoryName": {"include": ["other"], "exclude": []}}},
    ],
    ids=["enforcement", "target", "hidden", "word", "set", "braces", "stars", "elsewhere"],
)
def test_a_ruleset_that_is_not_understood(changed: dict[str, Any]) -> None:
    with pytest.raises(NotProven):
        applies(ruleset(**changed), "acme/one", "main")


def test_the_rules_of_a_branch() -> None:
    above = {"ruleset_source_type": "Repository", "ruleset_source": "acme/one", "ruleset_id": 71}
    assert branch_rules(ruleset()) == [
        {"type": "deletion", **above},
        {
            "type": "pull_request",
            **above,
            "parameters": {"required_approving_review_count": 2, "dismiss_stale_reviews_on_push": True},
        },
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"rules": page({"type": "NEW_KIND", "parameters": None})},
        {"rules": page({"type": "PULL_REQUEST", "parameters": None})},
        {"rules": page({"type": "DELETION"}, more=True)},
        {"rules": page(None)},
        {"source": {"__typename": "Enterprise"}},
        {"databaseId": None},
    ],
    ids=["kind", "parameters", "cut", "hidden", "source", "number"],
)
def test_rules_that_are_not_proven(changed: dict[str, Any]) -> None:
    with pytest.raises(NotProven):
        branch_rules(ruleset(**changed))


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        ({"organizationAdmin": True}, {"actor_id": 1, "actor_type": "OrganizationAdmin"}),
        ({"deployKey": True}, {"actor_id": None, "actor_type": "DeployKey"}),
        ({"repositoryRoleDatabaseId": 5}, {"actor_id": 5, "actor_type": "RepositoryRole"}),
        ({"actor": {"__typename": "Team", "databaseId": 8}}, {"actor_id": 8, "actor_type": "Team"}),
        ({"actor": {"__typename": "App", "databaseId": 9}}, {"actor_id": 9, "actor_type": "Integration"}),
    ],
    ids=["owners", "key", "role", "team", "app"],
)
def test_who_may_bypass_a_ruleset(actor: dict[str, Any], shown: dict[str, Any]) -> None:
    found = repository_ruleset(ruleset(bypassActors=page({"bypassMode": "PULL_REQUEST", **actor})))
    assert found["bypass_actors"] == [{**shown, "bypass_mode": "pull_request"}]
    assert (found["enforcement"], found["target"], found["source"]) == ("active", "branch", "acme/one")


@pytest.mark.parametrize("hidden", [None, page({"bypassMode": "ALWAYS", "actor": None}), page({"deployKey": True})])
def test_a_bypass_that_is_hidden(hidden: Any) -> None:
    with pytest.raises(NotProven):
        repository_ruleset(ruleset(bypassActors=hidden))


def test_a_pattern_stays_within_its_part_of_the_path() -> None:
    assert matches("refs/heads/a*", "refs/heads/abc")
    assert not matches("refs/heads/a*", "refs/heads/a/b")
    assert not matches("refs/heads/main", "refs/heads/main2")
    assert not matches("refs.heads.main", "refs/heads/main")

"""The protection of many default branches in one call, by GraphQL, as far as it proves something.

GitHub shows settings to administrators of a repository. Only where the token's owner is one, deploy keys are shown
(which takes the permission), and nothing of the answer is an error, it stands; every other repository is asked by REST.
Source: GitHub GraphQL, Ref.branchProtectionRule, Repository.rulesets with includeParents ("that apply to this
repository").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.collect.github.branch_shape import (
    NotProven,
    applies,
    branch_rules,
    classic,
    number,
    repository_ruleset,
    source,
    whole,
)
from kushim_pipeline.collect.github.graphql import PAGE, GithubReading, Node, Question, in_batches, repository_part
from kushim_pipeline.collect.github.repository import repositories
from kushim_pipeline.collect.http.call import Keep, Unread
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.reading import Reading

BATCH = 25
NOT_PROTECTED = "Branch not protected"  # the whole message, as REST writes it
_ACTOR = "__typename ... on User { login } ... on Team { slug } ... on App { slug }"
QUESTION = Question(
    "DefaultBranchProtection",
    "the repository permission Administration: read on all repositories (classic: repo, of an administrator)",
    f"""fragment Protection on Repository {{
  viewerCanAdminister
  deployKeys(first: 1) {{ totalCount }}
  defaultBranchRef {{
    name
    branchProtectionRule {{
      requiresApprovingReviews requiredApprovingReviewCount dismissesStaleReviews requiresCodeOwnerReviews
      requireLastPushApproval requiresStatusChecks requiresStrictStatusChecks requiredStatusCheckContexts
      requiresCommitSignatures requiresLinearHistory requiresConversationResolution isAdminEnforced
      allowsForcePushes allowsDeletions blocksCreations lockBranch restrictsPushes
      bypassPullRequestAllowances(first: 20) {{ {PAGE} nodes {{ actor {{ {_ACTOR} }} }} }}
    }}
  }}
  rulesets(first: 6, includeParents: true) {{
    {PAGE}
    nodes {{
      id databaseId name target enforcement createdAt updatedAt
      source {{
        __typename ... on Repository {{ nameWithOwner }} ... on Organization {{ login }}
      }}
      conditions {{ refName {{ include exclude }} repositoryName {{ include exclude }} }}
      rules(first: 50) {{
        {PAGE}
        nodes {{
          type
          parameters {{
            __typename
            ... on PullRequestParameters {{
              requiredApprovingReviewCount dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval
              requiredReviewThreadResolution
            }}
            ... on RequiredStatusChecksParameters {{
              strictRequiredStatusChecksPolicy requiredStatusChecks {{ context integrationId }}
            }}
            ... on WorkflowsParameters {{ workflows {{ path ref repositoryId sha }} }}
          }}
        }}
      }}
      bypassActors(first: 50) {{
        {PAGE}
        nodes {{
          bypassMode deployKey organizationAdmin repositoryRoleDatabaseId
          actor {{ __typename ... on App {{ databaseId }} ... on Team {{ databaseId }} }}
        }}
      }}
    }}
  }}
}}""",
)


@dataclass(frozen=True)
class Protected:
    """What is proven of a default branch, in REST's shapes: classic protection or that there is none, its rules, and
    the repository's own rulesets behind them by their number."""

    classic: dict[str, Any]
    rules: tuple[dict[str, Any], ...]
    own: Mapping[int, dict[str, Any]]
    evidence: str


def protections(reading: Reading, keep: Keep) -> Mapping[str, Protected]:
    """What GraphQL proves of every repository that is not archived, asked once for all streams. Raises nothing: what it
    does not prove is left out, which is everything where no address of GraphQL is known."""
    if not isinstance(reading, GithubReading):
        return {}

    def read_it(keep: Keep) -> Mapping[str, Protected]:
        listed = [each for each in repositories(reading, keep).items if each.body.get("archived") is not True]
        asked = listed[:1] if reading.sample else listed
        parts = [repository_part(repository, "...Protection") for repository in asked]
        answers = zip(asked, in_batches(reading, keep, QUESTION, parts, BATCH), strict=True)
        return {repository.id: proven for repository, node in answers if (proven := _proven(repository, node))}

    return reading.once("protections", read_it).get(keep)


def _proven(repository: Item, node: Node | Unread) -> Protected | None:
    if isinstance(node, Unread) or node.errors or node.body.get("viewerCanAdminister") is not True:
        return None
    branch, keys = node.body.get("defaultBranchRef"), node.body.get("deployKeys")
    if not isinstance(keys, dict) or not isinstance(branch, dict) or "branchProtectionRule" not in branch:
        return None
    name = branch.get("name")
    if not isinstance(name, str) or name != repository.body.get("default_branch"):
        return None
    rule = branch["branchProtectionRule"]
    try:
        demanded = classic(rule) if isinstance(rule, dict) else {"absent": True, "code": NOT_PROTECTED}
        active = [each for each in whole(node.body, "rulesets") if applies(each, repository.id, name)]
        rules = tuple(rule for each in active for rule in branch_rules(each))
        own = {number(each): repository_ruleset(each) for each in active if source(each)[0] == "Repository"}
    except NotProven:
        return None
    return Protected(demanded, rules, own, node.evidence)

"""Rulesets and classic branch protection as GraphQL shows them."""

import re
from typing import Any

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.asking import is_admin
from kushim_pipeline.sandbox.github.graph_lists import Object, Viewer, connection
from kushim_pipeline.sandbox.github.graph_users import bypasser
from kushim_pipeline.sandbox.github.model import (
    BORN,
    CHANGED,
    BypassActor,
    Organization,
    Protection,
    Repository,
    Rule,
    Ruleset,
)
from kushim_pipeline.sandbox.github.repository_routes import rulesets as applying

_ROLES = {2: "maintain", 4: "write", 5: "admin"}
# A rule's type -> the GraphQL type of its parameters, with what the parameters are where a rule leaves them out.
_PARAMETERS: dict[str, tuple[str, Object]] = {
    "pull_request": (
        "PullRequestParameters",
        {
            "allowedMergeMethods": None,
            "dismissStaleReviewsOnPush": False,
            "requireCodeOwnerReview": False,
            "requireLastPushApproval": False,
            "requiredApprovingReviewCount": 0,
            "requiredReviewThreadResolution": False,
        },
    ),
    "required_status_checks": (
        "RequiredStatusChecksParameters",
        {"doNotEnforceOnCreate": False, "requiredStatusChecks": [], "strictRequiredStatusChecksPolicy": False},
    ),
    "update": ("UpdateParameters", {"updateAllowsFetchAndMerge": False}),
    "required_deployments": ("RequiredDeploymentsParameters", {"requiredDeploymentEnvironments": []}),
    "code_scanning": ("CodeScanningParameters", {"codeScanningTools": []}),
    "workflows": ("WorkflowsParameters", {"doNotEnforceOnCreate": False, "workflows": []}),
}


def rulesets(viewer: Viewer, info: Any, org: Organization, repo: Repository | None, asked: Any) -> Object:
    """The rulesets of a repository, with those of its organisation unless `includeParents` is false; or of an
    organisation, where there is no repository."""
    found = applying(org, repo) if repo else [(ruleset, org.login) for ruleset in org.rulesets]
    if repo and not asked.get("includeParents", True):
        found = [(ruleset, owner) for ruleset, owner in found if "/" in owner]
    if asked.get("targets") is not None and "BRANCH" not in asked["targets"]:
        found = []
    return connection(info, found, asked, lambda pair: _ruleset(viewer, org, *pair))


def _ruleset(viewer: Viewer, org: Organization, ruleset: Ruleset, owner: str) -> Object:
    admin = is_admin(viewer.token, org)
    conditions: Object = {"refName": {"include": ["~DEFAULT_BRANCH"], "exclude": []}, "repositoryName": None}
    source: Object = {"__typename": "Repository", "nameWithOwner": owner, "name": owner.rpartition("/")[2]}
    if "/" not in owner:
        names = list(ruleset.repositories) or ["~ALL"]
        conditions["repositoryName"] = {"include": names, "exclude": [], "protected": False}
        source = {"__typename": "Organization", "login": owner, "name": owner}
    number = shapes.number(owner)
    return {
        "__typename": "RepositoryRuleset",
        "id": f"RRS_{ruleset.id:x}",
        "databaseId": ruleset.id,
        "name": ruleset.name,
        "target": "BRANCH",
        "enforcement": ruleset.enforcement.upper(),
        "source": {**source, "id": f"{'R' if '/' in owner else 'O'}_{number:x}", "databaseId": number},
        "conditions": conditions,
        "createdAt": BORN,
        "updatedAt": CHANGED,
        # Who may bypass a ruleset is shown to those who may edit it.
        "bypassActors": lambda info, **a: (
            connection(info, ruleset.bypass_actors, a, lambda each: _bypass(org, ruleset, each)) if admin else None
        ),
        "rules": lambda info, **a: connection(info, ruleset.rules, a, lambda rule: _rule(ruleset, rule)),
    }


def _bypass(org: Organization, ruleset: Ruleset, found: BypassActor) -> Object:
    kind, is_role = found.actor_type, found.actor_type == "RepositoryRole"
    return {
        "id": f"RRBA_{ruleset.id:x}{found.actor_id:x}",
        "actor": bypasser(found.actor_id, kind, found.name, org.login) if kind in ("Team", "Integration") else None,
        "bypassMode": found.bypass_mode.upper(),
        "deployKey": kind == "DeployKey",
        "enterpriseOwner": kind == "EnterpriseOwner",
        "organizationAdmin": kind == "OrganizationAdmin",
        "repositoryRoleDatabaseId": found.actor_id if is_role else None,
        "repositoryRoleName": _ROLES.get(found.actor_id, "custom") if is_role else None,
    }


def _rule(ruleset: Ruleset, rule: Rule) -> Object:
    known = _PARAMETERS.get(rule.type)
    parameters = {"__typename": known[0], **known[1], **_camel(rule.parameters)} if known else None
    if parameters and "requiredStatusChecks" in parameters:
        parameters["requiredStatusChecks"] = [{"integrationId": None, **c} for c in parameters["requiredStatusChecks"]]
    return {"id": f"RRU_{ruleset.id:x}_{rule.type}", "type": rule.type.upper(), "parameters": parameters}


def _camel(value: Any) -> Any:
    """REST's names as GraphQL's."""
    if isinstance(value, (list, tuple)):
        return [_camel(each) for each in value]
    if not hasattr(value, "items"):
        return value
    return {re.sub(r"_(\w)", lambda m: m[1].upper(), name): _camel(each) for name, each in value.items()}


def protection(org: Organization, repo: Repository, found: Protection) -> Object:
    """A BranchProtectionRule."""
    number = shapes.number(f"{org.login}/{repo.name}/protection")
    app = {"__typename": "App", "id": "A_3c48", "databaseId": 15368, "slug": "github-actions", "name": "GitHub Actions"}
    return {
        "__typename": "BranchProtectionRule",
        "id": f"BPR_{number:x}",
        "databaseId": number,
        "pattern": repo.default_branch,
        "allowsDeletions": found.deletions,
        "allowsForcePushes": found.force_pushes,
        "blocksCreations": False,
        "dismissesStaleReviews": found.reviews is not None and found.dismiss_stale,
        "isAdminEnforced": found.enforce_admins,
        "lockAllowsFetchAndMerge": False,
        "lockBranch": found.lock_branch,
        "requireLastPushApproval": found.reviews is not None and found.last_push_approval,
        "requiredApprovingReviewCount": found.reviews,
        "requiredStatusCheckContexts": list(found.checks),
        "requiredStatusChecks": [{"context": check, "app": app} for check in found.checks],
        "requiresApprovingReviews": found.reviews is not None,
        "requiresCodeOwnerReviews": found.reviews is not None and found.code_owners,
        "requiresCommitSignatures": found.signatures,
        "requiresConversationResolution": found.conversation_resolution,
        "requiresDeployments": False,
        "requiresLinearHistory": found.linear_history,
        "requiresStatusChecks": bool(found.checks),
        "requiresStrictStatusChecks": bool(found.checks) and found.strict_checks,
        "restrictsPushes": False,
        "restrictsReviewDismissals": False,
        "bypassPullRequestAllowances": lambda info, **a: connection(
            info, found.bypass, a, lambda each: _allowed(org, repo, each)
        ),
        "bypassForcePushAllowances": lambda info, **a: connection(info, (), a, dict),
        "repository": None,
    }


def _allowed(org: Organization, repo: Repository, found: BypassActor) -> Object:
    actor = bypasser(found.actor_id, found.actor_type, found.name, org.login)
    return {"id": f"BPRA_{shapes.number(repo.name):x}{found.actor_id:x}", "actor": actor}

"""From GraphQL's words to REST's for the protection of a branch. Pure: nothing is asked here.

Streams keep REST's shapes, whichever interface answered. What cannot be put into them without a guess (an unknown kind
of rule, a pattern that cannot be told, a list that was cut) raises NotProven, and REST is asked. Source: GitHub
GraphQL, objects BranchProtectionRule and RepositoryRuleset; REST, "Get branch protection", "Get rules for a branch",
"Get a repository ruleset"; patterns as Ruby's File.fnmatch with FNM_PATHNAME reads them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

ACTORS = {"User": ("users", "login"), "Team": ("teams", "slug"), "App": ("apps", "slug")}
KINDS = frozenset(
    """authorization branch_name_pattern code_scanning commit_author_email_pattern commit_message_pattern
    committer_email_pattern creation deletion file_extension_restriction file_path_restriction lock_branch
    max_file_path_length max_file_size max_ref_updates merge_queue merge_queue_locked_ref
    non_fast_forward pull_request required_deployments
    required_linear_history required_review_thread_resolution required_signatures required_status_checks
    required_workflow_status_checks secret_scanning tag tag_name_pattern update workflow_updates workflows
    copilot_code_review""".split()
)
"""Rules as REST names them; GraphQL's names are the same in capitals."""
WITH_PARAMETERS = ("pull_request", "required_status_checks", "workflows")
"""Rules whose parameters are judged, so that they must be there."""


_SIGNS = frozenset("[]{}\\*?")


class NotProven(Exception):
    """The answer cannot be put into REST's words without a guess."""


def classic(rule: Mapping[str, Any]) -> dict[str, Any]:
    """REST's branch protection, from a BranchProtectionRule."""
    body: dict[str, Any] = {}
    if _flag(rule, "requiresStatusChecks"):
        contexts = _list(rule, "requiredStatusCheckContexts")
        body["required_status_checks"] = {
            "strict": _flag(rule, "requiresStrictStatusChecks"),
            "contexts": contexts,
            "checks": [{"context": context} for context in contexts],
        }
    if _flag(rule, "requiresApprovingReviews"):
        count = rule.get("requiredApprovingReviewCount")
        if not isinstance(count, int) or isinstance(count, bool):
            raise NotProven("reviews are required, and it is not said how many")
        body["required_pull_request_reviews"] = {
            "dismiss_stale_reviews": _flag(rule, "dismissesStaleReviews"),
            "require_code_owner_reviews": _flag(rule, "requiresCodeOwnerReviews"),
            "require_last_push_approval": _flag(rule, "requireLastPushApproval"),
            "required_approving_review_count": count,
        }
        exempt = _actors(rule, "bypassPullRequestAllowances")
        if any(exempt.values()):
            body["required_pull_request_reviews"]["bypass_pull_request_allowances"] = exempt
    if _flag(rule, "restrictsPushes"):
        raise NotProven("who may push is not asked for here")
    return body | {
        "required_signatures": {"enabled": _flag(rule, "requiresCommitSignatures")},
        "enforce_admins": {"enabled": _flag(rule, "isAdminEnforced")},
        "required_linear_history": {"enabled": _flag(rule, "requiresLinearHistory")},
        "allow_force_pushes": {"enabled": _flag(rule, "allowsForcePushes")},
        "allow_deletions": {"enabled": _flag(rule, "allowsDeletions")},
        "block_creations": {"enabled": _flag(rule, "blocksCreations")},
        "required_conversation_resolution": {"enabled": _flag(rule, "requiresConversationResolution")},
        "lock_branch": {"enabled": _flag(rule, "lockBranch")},
    }


def applies(ruleset: Mapping[str, Any], repository: str, branch: str) -> bool:
    """Whether a RepositoryRuleset is in force on a repository's default branch."""
    if ruleset.get("enforcement") in ("DISABLED", "EVALUATE"):
        return False
    if ruleset.get("enforcement") != "ACTIVE" or ruleset.get("target") not in ("BRANCH", "TAG", "PUSH", "REPOSITORY"):
        raise NotProven("it is not said whether a ruleset is active, and of what")
    if ruleset["target"] != "BRANCH":
        return False
    conditions = _object(ruleset, "conditions")
    names = conditions.get("repositoryName")
    if isinstance(names, dict) and not _reached(names, repository.partition("/")[2], default=False):
        # GitHub lists what applies to this repository: what it lists and this says no to was not understood.
        raise NotProven("a ruleset is listed that names other repositories")
    return _reached(_object(conditions, "refName"), f"refs/heads/{branch}", default=True)


def branch_rules(ruleset: Mapping[str, Any]) -> list[dict[str, Any]]:
    """REST's rules for a branch, as far as they come from this RepositoryRuleset."""
    kind, owner = source(ruleset)
    above = {"ruleset_source_type": kind, "ruleset_source": owner, "ruleset_id": number(ruleset)}
    return [{"type": rule["type"], **above, **rule} for rule in _rules(ruleset)]


def repository_ruleset(ruleset: Mapping[str, Any]) -> dict[str, Any]:
    """REST's ruleset of a repository, with who may bypass it."""
    kind, owner = source(ruleset)
    names = _object(_object(ruleset, "conditions"), "refName")
    return {
        "id": number(ruleset),
        "name": ruleset.get("name"),
        "target": str(ruleset.get("target")).lower(),
        "source_type": kind,
        "source": owner,
        "enforcement": str(ruleset.get("enforcement")).lower(),
        "conditions": {"ref_name": {"include": _list(names, "include"), "exclude": _list(names, "exclude")}},
        "rules": _rules(ruleset),
        "node_id": ruleset.get("id"),
        "created_at": ruleset.get("createdAt"),
        "updated_at": ruleset.get("updatedAt"),
        "bypass_actors": [_bypass(actor) for actor in whole(ruleset, "bypassActors")],
    }


def source(ruleset: Mapping[str, Any]) -> tuple[str, str]:
    """Where a ruleset lives: REST's source type, and a login or `org/repo`."""
    found = _object(ruleset, "source")
    kind = found.get("__typename")
    owner = found.get({"Repository": "nameWithOwner", "Organization": "login"}.get(str(kind), ""))
    if not isinstance(kind, str) or not isinstance(owner, str) or not owner:
        raise NotProven("a ruleset does not say where it comes from")
    return kind, owner


def number(ruleset: Mapping[str, Any]) -> int:
    """A ruleset's id in REST."""
    found = ruleset.get("databaseId")
    if not isinstance(found, int) or isinstance(found, bool):
        raise NotProven("a ruleset has no number")
    return found


def whole(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The nodes of a connection that fits its first page."""
    connection = _object(body, key)
    info = connection.get("pageInfo")
    nodes = connection.get("nodes")
    if not isinstance(info, dict) or info.get("hasNextPage") is not False or not isinstance(nodes, list):
        raise NotProven(f"{key} does not fit a page")
    if not all(isinstance(node, dict) for node in nodes):
        raise NotProven(f"{key} has an element that is hidden")
    return nodes


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern names a text. A star stands within a part of a path, `**/` for any parts."""
    if _SIGNS.isdisjoint(pattern):
        return pattern == name
    return _expression(pattern).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    if any(sign in pattern for sign in "[]{}\\") or re.search(r"\*\*(?!/)|(?<!/)(?<!^)\*\*", pattern):
        raise NotProven(f"the pattern {pattern} is not one of those that can be told")
    parts = re.split(r"(\*\*/|\*|\?)", pattern)
    signs = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part) or re.escape(part) for part in parts))


def _reached(condition: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Whether a condition of patterns to include and to exclude reaches a name. `default`: it is the default branch."""

    def any_of(key: str) -> bool:
        return any(
            each == "~ALL" or (default and each == "~DEFAULT_BRANCH") or (each[:1] != "~" and matches(each, name))
            for each in _list(condition, key)
        )

    if any(each[:1] == "~" and each not in ("~ALL", "~DEFAULT_BRANCH") for each in _list(condition, "include")):
        raise NotProven("a ruleset names branches by a word that is not known")
    return any_of("include") and not any_of("exclude")


def _rules(ruleset: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for rule in whole(ruleset, "rules"):
        kind = str(rule.get("type")).lower()
        if kind not in KINDS:
            raise NotProven(f"rules of the kind {kind} are not known")
        given = rule.get("parameters")
        parameters = _parameters(given) if isinstance(given, dict) else {}
        if kind in WITH_PARAMETERS and not parameters:
            raise NotProven(f"a rule {kind} has no parameters")
        found.append({"type": kind} | ({"parameters": parameters} if parameters else {}))
    return found


def _parameters(given: Any) -> Any:
    if isinstance(given, dict):
        return {_snake(key): _parameters(value) for key, value in given.items() if key != "__typename"}
    if isinstance(given, list):
        return [_parameters(each) for each in given]
    return given


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _bypass(found: Mapping[str, Any]) -> dict[str, Any]:
    """Who may bypass a ruleset, as REST writes it."""
    mode = found.get("bypassMode")
    if mode not in ("ALWAYS", "PULL_REQUEST", "EXEMPT"):
        raise NotProven("it is not said how somebody may bypass a ruleset")
    actor = found.get("actor")
    kind = {"App": "Integration", "Team": "Team", "User": "User"}.get(
        str(actor.get("__typename")) if isinstance(actor, dict) else ""
    )
    shown: dict[str, Any]
    if found.get("organizationAdmin") is True:
        shown = {"actor_id": 1, "actor_type": "OrganizationAdmin"}
    elif found.get("deployKey") is True:
        shown = {"actor_id": None, "actor_type": "DeployKey"}
    elif isinstance(found.get("repositoryRoleDatabaseId"), int):
        shown = {"actor_id": found["repositoryRoleDatabaseId"], "actor_type": "RepositoryRole"}
    elif kind and isinstance(actor, dict) and isinstance(actor.get("databaseId"), int):
        shown = {"actor_id": actor["databaseId"], "actor_type": kind}
    else:
        raise NotProven("somebody who may bypass a ruleset is not shown")
    return shown | {"bypass_mode": mode.lower()}


def _actors(rule: Mapping[str, Any], key: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"users": [], "teams": [], "apps": []}
    for node in whole(rule, key):
        actor = _object(node, "actor")
        where, name = ACTORS.get(str(actor.get("__typename")), ("", ""))
        if not where or not isinstance(actor.get(name), str):
            raise NotProven("somebody is exempt who is not shown")
        found[where].append({name: actor[name]})
    return found


def _object(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = body.get(key)
    if not isinstance(found, dict):
        raise NotProven(f"the answer has no {key}")
    return found


def _list(body: Mapping[str, Any], key: str) -> list[str]:
    found = body.get(key)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise NotProven(f"the answer has no list {key}")
    return found


def _flag(body: Mapping[str, Any], key: str) -> bool:
    found = body.get(key)
    if not isinstance(found, bool):
        raise NotProven(f"the answer does not say {key}")
    return found

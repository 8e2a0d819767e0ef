"""A repository as GraphQL shows it: its settings, keys, branches and files."""

from typing import Any

from kushim_pipeline.sandbox.github import history, shapes
from kushim_pipeline.sandbox.github.asking import is_admin, role
from kushim_pipeline.sandbox.github.graph_commits import Work
from kushim_pipeline.sandbox.github.graph_lists import Object, Refused, Viewer, connection, forbidden
from kushim_pipeline.sandbox.github.graph_rulesets import protection, rulesets
from kushim_pipeline.sandbox.github.model import DeployKey, Organization, Repository

LARGEST_TEXT = 512_000  # bytes of a file above which GraphQL shows only the beginning


def repository(viewer: Viewer, org: Organization, repo: Repository) -> Object:
    """A Repository. What its administrators alone may see is null, empty or false for others, as GitHub does it."""
    full = f"{org.login}/{repo.name}"
    number, admin = shapes.number(full), is_admin(viewer.token, org)
    shown: Object = {}
    work = Work(org, repo, shown)
    shown |= {
        "__typename": "Repository",
        "id": f"R_{number:x}",
        "databaseId": number,
        "name": repo.name,
        "nameWithOwner": full,
        "url": f"{shapes.WEB}/{full}",
        "owner": {
            "__typename": "Organization",
            "id": f"O_{shapes.number(org.login):x}",
            "login": org.login,
            "name": org.login,
            "url": f"{shapes.WEB}/{org.login}",
        },
        "createdAt": repo.created_at,
        "pushedAt": None if repo.empty else repo.pushed_at,
        "updatedAt": repo.updated_at,
        "isArchived": repo.archived,
        "isDisabled": False,
        "isEmpty": repo.empty,
        "isFork": repo.fork,
        "isPrivate": repo.visibility != "public",
        "visibility": repo.visibility.upper(),
        "viewerCanAdminister": admin,
        "viewerPermission": "ADMIN" if admin else "READ",
        "hasVulnerabilityAlertsEnabled": admin and repo.vulnerability_alerts,
        "defaultBranchRef": lambda info: _branch(viewer, work),
        "ref": lambda info, **a: (
            _branch(viewer, work) if a["qualifiedName"].removeprefix("refs/heads/") == repo.default_branch else None
        ),
        "branchProtectionRules": lambda info, **a: connection(
            info, [repo.protection] if repo.protection and admin else (), a, lambda each: protection(org, repo, each)
        ),
        "rulesets": lambda info, **a: rulesets(viewer, info, org, repo, a),
        "deployKeys": lambda info, **a: connection(info, _keys(viewer, org, repo), a, _key),
        "pullRequests": lambda info, **a: connection(info, work.pulls(a), a, work.pull),
        "pullRequest": lambda info, **a: _pull(work, a["number"]),
        "object": lambda info, **a: _object(work, a.get("expression"), a.get("oid")),
    }
    return shown


def _branch(viewer: Viewer, work: Work) -> Object | None:
    org, repo = work.org, work.repo
    if repo.empty:
        return None
    shown = repo.protection if is_admin(viewer.token, org) else None
    return {
        "__typename": "Ref",
        "id": f"REF_{shapes.number(work.url):x}",
        "name": repo.default_branch,
        "prefix": "refs/heads/",
        "repository": work.shown,
        "target": lambda info: work.commit(work.commits()[0]),
        "branchProtectionRule": lambda info: (
            protection(org, repo, shown) | {"repository": work.shown} if shown else None
        ),
    }


def _pull(work: Work, number: int) -> Object:
    found = work.numbered([number])
    if not found:
        raise Refused("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    return work.pull(found[0])


def _keys(viewer: Viewer, org: Organization, repo: Repository) -> tuple[DeployKey, ...]:
    if role(viewer.token, org) != "owner":
        return ()
    if "administration" in viewer.token.lacks:
        raise forbidden()
    return repo.deploy_keys


def _key(key: DeployKey) -> Object:
    return {
        "__typename": "DeployKey",
        "id": f"DK_{key.id:x}",
        "createdAt": key.created_at,
        "enabled": True,
        "key": key.key,
        "readOnly": key.read_only,
        "title": key.title,
        "verified": key.verified,
    }


def _object(work: Work, expression: str | None, oid: str | None) -> Object | None:
    """What `ref:path`, a ref or an id names: a Commit, a Tree or a Blob; None for nothing."""
    if work.repo.empty or not (expression or oid):
        return None
    ref, colon, path = (expression or oid or "").partition(":")
    heads = ("HEAD", work.repo.default_branch, f"refs/heads/{work.repo.default_branch}")
    commit = next((each for each in work.commits() if ref in heads or each.oid == ref), None)
    if commit is None:
        return None
    return _entry(work, path.strip("/")) if colon else work.commit(commit)


def _entry(work: Work, path: str) -> Object | None:
    if path in work.repo.files:
        return _blob(work, work.repo.files[path])
    under = f"{path}/" if path else ""
    names = sorted({name[len(under) :].partition("/")[0] for name in work.repo.files if name.startswith(under)})
    if not names and path:
        return None
    return {
        **work.git("Tree", history.object_id(f"{work.url}/tree/{path}")),
        "entries": lambda info: [_in_tree(work, f"{under}{name}", name) for name in names],
    }


def _in_tree(work: Work, path: str, name: str) -> Object:
    content = work.repo.files.get(path)
    is_file = content is not None
    return {
        "name": name,
        "path": path,
        "mode": 0o100644 if is_file else 0o040000,
        "type": "blob" if is_file else "tree",
        "size": len(_bytes(content)) if content is not None else 0,
        "oid": history.object_id(f"blob {content!r}" if is_file else f"{work.url}/tree/{path}"),
        "object": lambda info: _entry(work, path),
    }


def _blob(work: Work, content: str | bytes) -> Object:
    data = _bytes(content)
    is_binary = isinstance(content, bytes)
    return {
        **work.git("Blob", history.object_id(f"blob {content!r}")),
        "byteSize": len(data),
        "isBinary": is_binary,
        "isTruncated": len(data) > LARGEST_TEXT,
        "text": None if is_binary else data[:LARGEST_TEXT].decode(errors="ignore"),
    }


def _bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode()

"""JSON bodies of what GitHub's scanners found, with the keys that GitHub's have."""

from typing import Any

from kushim_pipeline.sandbox.github import history
from kushim_pipeline.sandbox.github.model import (
    CodeAlert,
    CodeAnalysis,
    DependabotAlert,
    Organization,
    Repository,
    SecretAlert,
)
from kushim_pipeline.sandbox.github.repository_shapes import minimal
from kushim_pipeline.sandbox.github.shapes import API, WEB, number, user

_PLACE = ("id", "node_id", "name", "full_name", "private", "owner", "html_url", "description", "fork", "url")


def simple(org: Organization, repo: Repository) -> dict[str, Any]:
    """A "simple repository"."""
    full = minimal(org, repo, admin=False)
    return {key: value for key, value in full.items() if key in _PLACE or key.endswith("_url") and key != "git_url"}


def dependabot_alert(org: Organization, repo: Repository, found: DependabotAlert) -> dict[str, Any]:
    """A "dependabot alert with repository"."""
    where = f"{org.login}/{repo.name}"
    package = {"ecosystem": found.ecosystem, "name": found.package}
    vulnerability = {
        "package": package,
        "severity": found.severity,
        "vulnerable_version_range": f"< {found.patched}" if found.patched else ">= 0",
        "first_patched_version": {"identifier": found.patched} if found.patched else None,
    }
    changed = found.fixed_at or found.dismissed_at or found.created_at
    return {
        "number": found.number,
        "state": found.state,
        "dependency": {
            "package": package,
            "manifest_path": "requirements.txt",
            "scope": "runtime",
            "relationship": "direct",
        },
        "security_advisory": {
            "ghsa_id": f"GHSA-{found.package[:4].ljust(4, 'x')}-0000-{found.number:04}",
            "cve_id": f"CVE-2026-{found.number:04}",
            "summary": f"A flaw in {found.package}",
            "description": f"A flaw in {found.package}",
            "vulnerabilities": [vulnerability],
            "severity": found.severity,
            "cvss": {"vector_string": None, "score": 0.0},
            "cwes": [],
            "identifiers": [{"type": "CVE", "value": f"CVE-2026-{found.number:04}"}],
            "references": [],
            "published_at": found.created_at,
            "updated_at": found.created_at,
            "withdrawn_at": None,
        },
        "security_vulnerability": vulnerability,
        "url": f"{API}/repos/{where}/dependabot/alerts/{found.number}",
        "html_url": f"{WEB}/{where}/security/dependabot/{found.number}",
        "created_at": found.created_at,
        "updated_at": changed,
        "dismissed_at": found.dismissed_at,
        "dismissed_by": user(_owner(org)) if found.dismissed_at else None,
        "dismissed_reason": found.dismissed_reason,
        "dismissed_comment": None,
        "fixed_at": found.fixed_at,
        "auto_dismissed_at": found.dismissed_at if found.state == "auto_dismissed" else None,
        "repository": simple(org, repo),
    }


def code_alert(org: Organization, repo: Repository, found: CodeAlert) -> dict[str, Any]:
    """A "code scanning alert" of an organisation's list."""
    where = f"{org.login}/{repo.name}"
    url, ref = f"{API}/repos/{where}/code-scanning/alerts/{found.number}", f"refs/heads/{repo.default_branch}"
    category = ".github/workflows/codeql.yml:analyze"
    return {
        "number": found.number,
        "created_at": found.created_at,
        "updated_at": found.fixed_at or found.dismissed_at or found.created_at,
        "url": url,
        "html_url": f"{WEB}/{where}/code-scanning/{found.number}",
        "state": found.state,
        "fixed_at": found.fixed_at,
        "dismissed_by": user(_owner(org)) if found.dismissed_at else None,
        "dismissed_at": found.dismissed_at,
        "dismissed_reason": found.dismissed_reason,
        "dismissed_comment": None,
        "rule": {
            "id": found.rule,
            "severity": "error" if found.severity else "warning",
            "tags": ["security"] if found.severity else [],
            "description": found.rule,
            "name": found.rule,
            "security_severity_level": found.severity,
        },
        "tool": {"name": found.tool, "guid": None, "version": "2.20.0"},
        "most_recent_instance": {
            "ref": ref,
            "analysis_key": category,
            "category": category,
            "environment": "{}",
            "state": found.state,
            "commit_sha": history.object_id(f"{where}/scanned"),
            "message": {"text": found.rule},
            "location": {"path": "app.py", "start_line": 1, "end_line": 1, "start_column": 1, "end_column": 2},
            "classifications": [],
        },
        "instances_url": f"{url}/instances",
        "repository": simple(org, repo),
    }


def secret_alert(org: Organization, repo: Repository, found: SecretAlert, *, hidden: bool) -> dict[str, Any]:
    """An "organization secret scanning alert"; `hidden`: without the secret itself."""
    where = f"{org.login}/{repo.name}"
    url = f"{API}/repos/{where}/secret-scanning/alerts/{found.number}"
    person = user(_owner(org))
    return {
        "number": found.number,
        "created_at": found.created_at,
        "updated_at": found.resolved_at or found.created_at,
        "url": url,
        "html_url": f"{WEB}/{where}/security/secret-scanning/{found.number}",
        "locations_url": f"{url}/locations",
        "state": found.state,
        "resolution": found.resolution,
        "resolved_at": found.resolved_at,
        "resolved_by": person if found.resolved_at else None,
        "resolution_comment": None,
        "secret_type": found.kind,
        "secret_type_display_name": found.kind.replace("_", " ").title(),
        "secret": None if hidden else found.secret,
        "push_protection_bypassed": found.bypassed,
        "push_protection_bypassed_by": person if found.bypassed else None,
        "push_protection_bypassed_at": found.created_at if found.bypassed else None,
        "validity": found.validity,
        "publicly_leaked": False,
        "multi_repo": False,
        "repository": simple(org, repo),
    }


def analysis(org: Organization, repo: Repository, found: CodeAnalysis) -> dict[str, Any]:
    """A "code scanning analysis"."""
    key = ".github/workflows/codeql.yml:analyze"
    return {
        "ref": found.ref or f"refs/heads/{repo.default_branch}",
        "commit_sha": found.commit or history.head(org, repo),
        "analysis_key": key,
        "environment": "{}",
        "error": found.error,
        "category": key,
        "created_at": found.created_at,
        "results_count": found.results,
        "rules_count": found.rules,
        "id": found.id,
        "url": f"{API}/repos/{org.login}/{repo.name}/code-scanning/analyses/{found.id}",
        "sarif_id": history.object_id(f"sarif {found.id}")[:32],
        "tool": {"name": found.tool, "guid": None, "version": "2.20.0"},
        "deletable": True,
        "warning": "",
    }


def _owner(org: Organization) -> str:
    return next((person.login for person in org.members if person.owner), f"owner-{number(org.login)}")

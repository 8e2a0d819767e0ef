"""JSON bodies with the keys that Okta's have. They name the organisation's own host, as the real ones do."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from kushim_pipeline.sandbox.okta.model import (
    BORN,
    CHANGED,
    ApiToken,
    App,
    Assignment,
    Authenticator,
    Event,
    Factor,
    Group,
    GroupRule,
    Org,
    Policy,
    PolicyRule,
    Role,
    User,
    Zone,
)

_SUMMARIES = {
    400: ("E0000001", "Api validation failed: {}"),
    401: ("E0000011", "Invalid token provided"),
    403: ("E0000006", "You do not have permission to perform the requested action"),
    404: ("E0000007", "Not found: Resource not found: {}"),
    405: ("E0000022", "The endpoint does not support the provided HTTP method"),
    429: ("E0000047", "API call exceeded rate limit due to too many requests."),
    500: ("E0000009", "Internal Server Error"),
}


def error(status: int, message: str = "", code: str = "") -> dict[str, Any]:
    """Okta's error body. `message`: what the summary of a 400 or 404 names, or the whole summary with a `code`."""
    found, summary = _SUMMARIES.get(status, ("E0000009", "{}"))
    code = code or found
    text = message if code != found else summary.format(message)
    return {
        "errorCode": code,
        "errorSummary": text,
        "errorLink": code,
        "errorId": f"oae{number(text):018d}",
        "errorCauses": [],
    }


def number(name: str) -> int:
    """A number that stays the same for a name."""
    return crc32(name.encode())


def _base(org: Org) -> str:
    return f"https://{org.subdomain}.okta.com"


def _link(org: Org, path: str, *allow: str) -> dict[str, Any]:
    return {"href": f"{_base(org)}{path}"} | ({"hints": {"allow": list(allow)}} if allow else {})


def organization(org: Org) -> dict[str, Any]:
    """An "OrgSetting"."""
    return {
        "id": f"00o{number(org.subdomain):017d}",
        "subdomain": org.subdomain,
        "companyName": org.company,
        "status": "ACTIVE",
        "expiresAt": None,
        "created": BORN,
        "lastUpdated": CHANGED,
        "website": f"https://{org.subdomain}.test",
        "phoneNumber": "",
        "endUserSupportHelpURL": "",
        "supportPhoneNumber": "",
        "address1": None,
        "address2": None,
        "city": None,
        "state": None,
        "country": None,
        "postalCode": None,
        "_links": {name: _link(org, f"/api/v1/org/{name}") for name in ("preferences", "contacts")},
    }


def user(org: Org, found: User) -> dict[str, Any]:
    """A "User", as lists show one."""
    email = found.email or found.login
    return {
        "id": found.id,
        "status": found.status,
        "created": found.created,
        "activated": None if found.status == "STAGED" else found.created,
        "statusChanged": found.updated,
        "lastLogin": found.last_login,
        "lastUpdated": found.updated,
        "passwordChanged": None if found.status == "DEPROVISIONED" else found.created,
        "type": {"id": f"oty{number(org.subdomain):017d}"},
        "profile": {
            "firstName": found.first,
            "lastName": found.last,
            "mobilePhone": None,
            "secondEmail": None,
            "login": found.login,
            "email": email,
            **found.profile,
        },
        "credentials": {
            "password": {},
            "emails": [{"value": email, "status": "VERIFIED", "type": "PRIMARY"}],
            "provider": {"type": "OKTA", "name": "OKTA"},
        },
        "_links": {"self": _link(org, f"/api/v1/users/{found.id}")},
    }


def factor(org: Org, owner: User, found: Factor, index: int) -> dict[str, Any]:
    """A "UserFactor"."""
    own_id = f"{found.type[:3]}{number(f'{owner.id} {found.type} {index}'):017d}"
    path = f"/api/v1/users/{owner.id}/factors/{own_id}"
    return {
        "id": own_id,
        "factorType": found.type,
        "provider": found.provider,
        "vendorName": found.provider,
        "status": found.status,
        "created": BORN,
        "lastUpdated": CHANGED,
        "profile": {"credentialId": owner.login},
        "_links": {
            "self": _link(org, path, "GET", "DELETE"),
            "user": _link(org, f"/api/v1/users/{owner.id}", "GET"),
        },
    }


def role(org: Org, owner: User, found: Role) -> dict[str, Any]:
    """A "StandardRole" given to a user."""
    return {
        "id": f"{'ra1' if found.assignment == 'USER' else 'gra'}{number(owner.id + found.type):017d}",
        "label": found.type.replace("_", " ").title(),
        "type": found.type,
        "status": found.status,
        "created": BORN,
        "lastUpdated": CHANGED,
        "assignmentType": found.assignment,
        "_links": {"assignee": _link(org, f"/api/v1/users/{owner.id}")},
    }


def assignee(org: Org, found: User) -> dict[str, Any]:
    """A "RoleAssignedUser"."""
    path = f"/api/v1/users/{found.id}"
    return {
        "id": found.id,
        "orn": f"orn:okta:directory:00o{number(org.subdomain):017d}:users:{found.id}",
        "_links": {"self": _link(org, path), "roles": _link(org, f"{path}/roles")},
    }


def group(org: Org, found: Group) -> dict[str, Any]:
    """A "Group"."""
    path = f"/api/v1/groups/{found.id}"
    return {
        "id": found.id,
        "created": BORN,
        "lastUpdated": found.updated,
        "lastMembershipUpdated": found.membership_updated,
        "objectClass": ["okta:windows_security_principal" if found.type == "APP_GROUP" else "okta:user_group"],
        "type": found.type,
        "profile": {"name": found.name, "description": found.description},
        "_links": {name: _link(org, f"{path}/{name}") for name in ("users", "apps")},
    }


def group_rule(found: GroupRule) -> dict[str, Any]:
    """A "GroupRule"."""
    return {
        "type": "group_rule",
        "id": found.id,
        "status": found.status,
        "name": found.name,
        "created": BORN,
        "lastUpdated": found.updated,
        "conditions": {"expression": {"value": found.expression, "type": "urn:okta:expression:1.0"}},
        "actions": {"assignUserToGroups": {"groupIds": list(found.group_ids)}},
    }


def app(org: Org, found: App) -> dict[str, Any]:
    """An "Application"."""
    path = f"/api/v1/apps/{found.id}"
    links = {"users": _link(org, f"{path}/users"), "groups": _link(org, f"{path}/groups")}
    if found.access_policy:
        links["accessPolicy"] = _link(org, f"/api/v1/policies/{found.access_policy}")
    return {
        "id": found.id,
        "orn": f"orn:okta:idp:00o{number(org.subdomain):017d}:apps:{found.name}:{found.id}",
        "name": found.name,
        "label": found.label,
        "status": found.status,
        "lastUpdated": found.updated,
        "created": BORN,
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {
            "autoSubmitToolbar": False,
            "hide": {"iOS": False, "web": False},
            "appLinks": {f"{found.name}_link": True},
        },
        "features": list(found.features),
        "signOnMode": found.sign_on,
        "credentials": {
            "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
            "signing": {"kid": f"kid{number(found.id):017d}"},
        },
        "settings": {"app": {}, "implicitAssignment": False, "inlineHookId": None},
        "_links": links,
    }


def app_user(org: Org, owner: App, found: Assignment) -> dict[str, Any]:
    """An "AppUser"."""
    return {
        "id": found.user_id,
        "externalId": None,
        "created": BORN,
        "lastUpdated": found.updated,
        "scope": found.scope,
        "status": found.status,
        "statusChanged": found.updated,
        "passwordChanged": None,
        "syncState": "DISABLED",
        "credentials": {"userName": found.username},
        "profile": {},
        "_links": {
            "app": _link(org, f"/api/v1/apps/{owner.id}"),
            "user": _link(org, f"/api/v1/users/{found.user_id}"),
        },
    }


def app_group(org: Org, owner: App, group_id: str, priority: int) -> dict[str, Any]:
    """An "ApplicationGroupAssignment"."""
    return {
        "id": group_id,
        "lastUpdated": CHANGED,
        "priority": priority,
        "profile": {},
        "_links": {
            "app": _link(org, f"/api/v1/apps/{owner.id}"),
            "self": _link(org, f"/api/v1/apps/{owner.id}/groups/{group_id}"),
            "group": _link(org, f"/api/v1/groups/{group_id}"),
        },
    }


def policy(org: Org, found: Policy) -> dict[str, Any]:
    """A "Policy"."""
    path = f"/api/v1/policies/{found.id}"
    body = {
        "type": found.type,
        "id": found.id,
        "status": found.status,
        "name": found.name,
        "description": None,
        "priority": found.priority,
        "system": found.system,
        "conditions": dict(found.conditions) if found.conditions is not None else None,
        "created": BORN,
        "lastUpdated": CHANGED,
        "_links": {"self": _link(org, path, "GET", "PUT"), "rules": _link(org, f"{path}/rules", "GET", "POST")},
    }
    return body | ({"settings": dict(found.settings)} if found.settings is not None else {})


def policy_rule(org: Org, owner: Policy, found: PolicyRule) -> dict[str, Any]:
    """A "PolicyRule"."""
    return {
        "type": found.type,
        "id": found.id,
        "status": found.status,
        "name": found.name,
        "priority": found.priority,
        "created": BORN,
        "lastUpdated": CHANGED,
        "system": found.system,
        "conditions": dict(found.conditions) if found.conditions is not None else None,
        "actions": dict(found.actions),
        "_links": {"self": _link(org, f"/api/v1/policies/{owner.id}/rules/{found.id}", "GET", "PUT", "DELETE")},
    }


def api_token(org: Org, found: ApiToken) -> dict[str, Any]:
    """An "ApiToken"."""
    return {
        "id": found.id,
        "name": found.name,
        "userId": found.user_id,
        "clientName": "Okta API",
        "tokenWindow": "P30D",
        "network": {"connection": found.network},
        "expiresAt": found.expires,
        "created": found.created,
        "lastUpdated": found.updated,
        "_links": {
            "self": _link(org, f"/api/v1/api-tokens/{found.id}", "GET", "DELETE"),
            "user": _link(org, f"/api/v1/users/{found.user_id}", "GET"),
        },
    }


def authenticator(org: Org, found: Authenticator) -> dict[str, Any]:
    """An "Authenticator"."""
    path = f"/api/v1/authenticators/{found.id}"
    body = {
        "type": found.type,
        "id": found.id,
        "key": found.key,
        "status": found.status,
        "name": found.name,
        "created": BORN,
        "lastUpdated": CHANGED,
        "_links": {"self": _link(org, path, "GET", "PUT"), "methods": _link(org, f"{path}/methods", "GET")},
    }
    return body | ({"settings": dict(found.settings)} if found.settings is not None else {})


def zone(org: Org, found: Zone) -> dict[str, Any]:
    """A "NetworkZone" of IP addresses."""
    return {
        "type": "IP",
        "id": found.id,
        "name": found.name,
        "status": found.status,
        "usage": found.usage,
        "created": BORN,
        "lastUpdated": CHANGED,
        "system": found.system,
        "gateways": [{"type": "CIDR", "value": text} for text in found.gateways] or None,
        "proxies": None,
        "_links": {"self": _link(org, f"/api/v1/zones/{found.id}", "GET", "PUT", "DELETE")},
    }


def event(found: Event) -> dict[str, Any]:
    """A "LogEvent"."""
    return {
        "actor": {
            "id": found.actor,
            "type": "User",
            "alternateId": f"{found.actor}@example.test",
            "displayName": found.actor,
            "detailEntry": None,
        },
        "client": {
            "userAgent": {"rawUserAgent": "UNKNOWN", "os": "Unknown", "browser": "UNKNOWN"},
            "zone": "null",
            "device": "Unknown",
            "id": None,
            "ipAddress": "192.0.2.7",
            "geographicalContext": None,
        },
        "device": None,
        "authenticationContext": {"authenticationStep": 0, "externalSessionId": "unknown"},
        "displayMessage": found.message or found.type,
        "eventType": found.type,
        "outcome": {"result": found.result, "reason": None},
        "published": found.published,
        "securityContext": {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None},
        "severity": "INFO",
        "debugContext": {"debugData": {"requestUri": "/api/v1/"}},
        "legacyEventType": None,
        "transaction": {"type": "WEB", "id": f"t{number(found.uuid)}", "detail": {}},
        "uuid": found.uuid,
        "version": "0",
        "request": {"ipChain": []},
        "target": [_target(*target) for target in found.targets] or None,
    }


def _target(kind: str, own_id: str, name: str) -> Mapping[str, Any]:
    return {"id": own_id, "type": kind, "alternateId": name, "displayName": name, "detailEntry": None}

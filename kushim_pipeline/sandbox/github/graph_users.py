"""Accounts as GraphQL shows them."""

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.graph_lists import Object


def user(login: str) -> Object:
    """A User."""
    number = shapes.number(login)
    return {
        "__typename": "User",
        "id": f"U_{number:x}",
        "databaseId": number,
        "login": login,
        "name": login,
        "email": "",
        "url": f"{shapes.WEB}/{login}",
        "isSiteAdmin": False,
    }


def actor(login: str) -> Object | None:
    """An Actor: a User, or the Bot of an app (its login in GraphQL has no [bot]); None for who left GitHub."""
    if not login.endswith("[bot]"):
        return user(login) if login else None
    name = login.removesuffix("[bot]")
    number = shapes.number(login)
    url = f"{shapes.WEB}/apps/{name}"
    return {"__typename": "Bot", "id": f"BOT_{number:x}", "databaseId": number, "login": name, "url": url}


def git_actor(login: str, name: str, email: str, at: str) -> Object:
    """A GitActor: who a commit says did it, and the account that GitHub knows them by."""
    known = login and not login.endswith("[bot]")
    return {
        "date": at,
        "name": name or login or "Somebody",
        "email": email or (f"{login}@users.noreply.github.com" if login else "somebody@mail.test"),
        "user": user(login) if known else None,
    }


def bypasser(number: int, kind: str, name: str, org: str) -> Object | None:
    """A Team, an App or a User that may bypass something; None for a kind that is none of them."""
    if kind == "Team":
        made = {"__typename": "Team", "id": f"T_{number:x}", "slug": name, "name": name, "privacy": "VISIBLE"}
        return {**made, "databaseId": number, "url": f"{shapes.WEB}/orgs/{org}/teams/{name}"}
    if kind == "Integration":
        return {"__typename": "App", "id": f"A_{number:x}", "databaseId": number, "slug": name, "name": name}
    return user(name) if kind == "User" else None

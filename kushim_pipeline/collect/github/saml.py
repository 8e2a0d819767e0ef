"""`github.saml_identity`: which identity single sign-on links to whom.

Id: the login, or the identity's guid where none is linked; the record is GraphQL's node. Source: GitHub GraphQL,
objects OrganizationIdentityProvider and ExternalIdentity. Only owners are shown the provider; without one it is null.
"""

from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.graphql import PAGE, GithubReading, Question, Reply, TooMuch, ask
from kushim_pipeline.collect.github.graphql_page import dig, next_cursor, nodes_of
from kushim_pipeline.collect.github.listed import of_plan, plan
from kushim_pipeline.collect.github.organization import OWNER_PROOF, organization
from kushim_pipeline.collect.http.answers import NOT_ON_PLAN
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.reading import report
from kushim_pipeline.evidence.receipt import Reason

NEEDS = "the organisation permission Administration: read (classic: admin:org) of an owner; GitHub Enterprise Cloud"
QUESTION = Question("SamlIdentities", NEEDS)
PROVIDER = ("organization", "samlIdentityProvider")
PATH = (*PROVIDER, "externalIdentities")
TEXT = f"""query SamlIdentities($login: String!, $first: Int, $after: String) {{
  organization(login: $login) {{
    login
    samlIdentityProvider {{
      externalIdentities(first: $first, after: $after) {{
        totalCount {PAGE}
        nodes {{
          guid
          samlIdentity {{ nameId username emails {{ value }} }}
          scimIdentity {{ username }}
          user {{ login }}
        }}
      }}
    }}
  }}
}}"""


def read(c: Collection, reading: GithubReading) -> None:
    """A record for each identity."""
    try:
        _read(c, reading)
    except Unread as trouble:
        report(c, of_plan(reading, c.keep, trouble, "single sign-on by SAML"))


def _read(c: Collection, reading: GithubReading) -> None:
    cursor: str | None = None
    cursors: set[str] = set()
    seen: set[str] = set()
    size = 100
    while True:
        try:
            reply = ask(reading, c.keep, QUESTION, TEXT, {"login": reading.account, "first": size, "after": cursor})
        except TooMuch:
            if size <= 1:
                raise
            size //= 2
            continue
        if not _has_provider(c, reading, reply):
            return
        page = dig(reply.data, PATH, QUESTION.operation)
        fresh = len(seen)
        for number, node in enumerate(nodes_of(page, QUESTION.operation)):
            _record(c, reply, number, node, seen)
        cursor = next_cursor(page, cursors, QUESTION.operation)
        if cursor is None or reading.sample:
            break
        if len(seen) == fresh:
            raise Unread(Reason.INCOMPLETE, QUESTION.operation, "a page holds nothing new: it came before")
    total = page.get("totalCount")
    if not isinstance(total, int) or isinstance(total, bool):
        raise Unread(Reason.INCOMPLETE, QUESTION.operation, "a page does not say how many there are")
    c.declare(total, f"{QUESTION.operation}: totalCount")


def _has_provider(c: Collection, reading: GithubReading, reply: Reply) -> bool:
    """Whether there is a provider. Raises Unread where that is not known."""
    on_nodes = len(PATH) + 1
    for error in reply.errors:
        if error.path[:on_nodes] != (*PATH, "nodes") or len(error.path) == on_nodes:
            raise error.unread(QUESTION.operation, NEEDS)
    found = dig(reply.data, PROVIDER[:1], QUESTION.operation)
    if found.get(PROVIDER[1]) is not None:
        return True
    if not organization(reading, c.keep).shown_to_owner:
        message = "no identity provider is shown, and the token is not known to be an owner's, who alone sees it"
        raise Unread(Reason.DENIED, QUESTION.operation, message)
    name = plan(reading, c.keep)
    if name and not name.startswith(("enterprise", "business")):
        message = f"{NOT_ON_PLAN}single sign-on by SAML takes GitHub Enterprise Cloud, the plan is {name}"
        raise Unread(Reason.DENIED, QUESTION.operation, message)
    c.empty_is_proven(f"{QUESTION.operation} shows no identity provider; {OWNER_PROOF}")
    return False


def _record(c: Collection, reply: Reply, number: int, node: Any, seen: set[str]) -> None:
    errors = [each for each in reply.errors if each.path[len(PATH) : len(PATH) + 2] == ("nodes", number)]
    found = node if isinstance(node, dict) else {}
    user = found.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    name = login or found.get("guid")
    if not isinstance(name, str) or not name:
        trouble = errors[0].unread(QUESTION.operation, NEEDS) if errors else None
        raise trouble or Unread(Reason.INCOMPLETE, QUESTION.operation, "an identity has no name")
    if name in seen and isinstance(found.get("guid"), str):
        name = found["guid"]  # somebody with two identities
    seen.add(name)
    if errors:
        report(c, errors[0].unread(QUESTION.operation, NEEDS), name)
    else:
        c.record(name, found, evidence=reply.evidence)

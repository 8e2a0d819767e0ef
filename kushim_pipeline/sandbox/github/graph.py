"""GitHub's GraphQL: a query is parsed, checked against the schema, priced and run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.asking import Estate, sees
from kushim_pipeline.sandbox.github.graph_cost import cost_of
from kushim_pipeline.sandbox.github.graph_lists import Object, Refused, Viewer
from kushim_pipeline.sandbox.github.graph_people import organization
from kushim_pipeline.sandbox.github.graph_repository import repository
from kushim_pipeline.sandbox.github.graph_run import Execution
from kushim_pipeline.sandbox.github.graph_users import user
from kushim_pipeline.sandbox.github.model import Token
from kushim_pipeline.sandbox.standin.vendor import Reply, Request

_UNDEFINED = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


@dataclass(frozen=True)
class Query:
    """A query that was read. `reply`: what answers it without running it. `words`: operation name and plain variables,
    by which a ledger and the patterns of faults know it."""

    document: DocumentNode | None = None
    name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    points: int = 1
    nodes: int = 0
    reply: Reply | None = None

    @property
    def words(self) -> dict[str, str]:
        plain = {name: str(value) for name, value in self.variables.items() if isinstance(value, (str, int))}
        return ({"operationName": self.name} if self.name else {}) | plain


@lru_cache(maxsize=32)
def read(body: bytes) -> Query:
    """The query of a POST's body."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict):
        return Query(reply=Reply(400, shapes.error(400, "Problems parsing JSON", "graphql")))
    text, variables = asked.get("query"), asked.get("variables") or {}
    if not isinstance(text, str) or not text or not isinstance(variables, dict):
        return _refused({"message": "A query attribute must be specified and must be a string."})
    checked = _checked(text)
    if isinstance(checked, list):
        return _refused(*checked)
    operation = get_operation_ast(checked, asked.get("operationName"))
    if operation is None:
        return _refused({"message": "An operation name is required"})
    name = operation.name.value if operation.name else None
    coerced = get_variable_values(_schema(), operation.variable_definitions, variables)
    if isinstance(coerced, list):
        return replace(_refused(*map(_error, coerced)), name=name)
    cost = cost_of(_schema(), checked, operation, coerced)
    reply = Reply(200, {"data": None, "errors": cost.errors}) if cost.errors else None
    return Query(checked, name, variables, cost.points, cost.nodes, reply)


def answer(estate: Estate, token: Token, request: Request) -> Reply:
    """The answer to a POST for a token."""
    query = read(request.body)
    if query.reply or query.document is None:
        return query.reply or Reply(400)
    viewer = Viewer(estate, token, request, estate.description.points, query.points, query.nodes)
    result = execute_sync(
        _schema(),
        query.document,
        _root(viewer),
        viewer,
        dict(query.variables),
        operation_name=query.name,
        execution_context_class=Execution,
    )
    return Reply(200, _body(result))


@cache
def _schema() -> GraphQLSchema:
    schema = build_schema(resources.files("kushim_pipeline.sandbox.github").joinpath("schema.graphql").read_text())
    for name in ("GitTimestamp", "DateTime", "URI", "GitObjectID"):
        schema.type_map[name].serialize = str  # type: ignore[attr-defined] # these are scalars
    return schema


@lru_cache(maxsize=64)
def _checked(text: str) -> DocumentNode | list[Object]:
    """The document of a query, or what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return [_error(error)]
    return [_error(error) for error in validate(_schema(), document)] or document


def _root(viewer: Viewer) -> Object:
    """The fields of Query."""

    def of_organization(_: Any, login: str) -> Object:
        found = viewer.estate.organization(login)
        if found is None or found.login.casefold() != login.casefold():
            raise Refused("NOT_FOUND", f"Could not resolve to an Organization with the login of '{login}'.")
        return organization(viewer, found)

    def of_repository(_: Any, owner: str, name: str, **__: Any) -> Object:
        found = viewer.estate.repository(f"{owner}/{name}")
        if found is None or not sees(viewer.token, *found):
            raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return repository(viewer, *found)

    request = viewer.request
    return {
        "viewer": lambda info: user(viewer.token.owner),
        "organization": of_organization,
        "repository": of_repository,
        "rateLimit": lambda info, **a: {
            "cost": viewer.cost,
            "limit": viewer.limit,
            "nodeCount": viewer.nodes,
            "remaining": max(0, viewer.limit - request.used),
            "resetAt": datetime.fromtimestamp(request.reset_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "used": request.used,
        },
    }


def _body(result: ExecutionResult) -> Object:
    errors = {"errors": [_error(error) for error in result.errors]} if result.errors else {}
    return {"data": result.data} | errors


def _error(error: GraphQLError) -> Object:
    """An error as GitHub writes it."""
    where = {"locations": [{"line": at.line, "column": at.column} for at in error.locations or ()]}
    path = {"path": list(error.path)} if error.path else {}
    if isinstance(error.original_error, Refused):
        saml = {"extensions": {"saml_failure": False}} if error.original_error.kind == "FORBIDDEN" else {}
        return {"type": error.original_error.kind, **path, **saml, **where, "message": error.message}
    if error.original_error is not None:
        raise error.original_error  # the stand-in's own fault, not a thing that GitHub would say
    if undefined := _UNDEFINED.match(error.message):
        name, kind = undefined.groups()
        code = {"code": "undefinedField", "typeName": kind, "fieldName": name}
        return {"extensions": code, **where, "message": f"Field '{name}' doesn't exist on type '{kind}'"}
    return {**path, **where, "message": error.message}


def _refused(*errors: Object) -> Query:
    return Query(reply=Reply(200, {"errors": list(errors)}))

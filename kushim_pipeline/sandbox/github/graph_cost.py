"""What a query costs before it is run, by the rules that GitHub documents for its GraphQL API.

Source: GitHub GraphQL, "Rate limits and query limits": a connection takes `first` or `last` from 1 to 100; a query may
ask for 500,000 nodes at most; its points are the requests that it takes to fill each connection once for every node
above it, divided by 100 and rounded, and one at least.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_named_type,
)
from graphql.execution.values import get_argument_values, get_directive_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from kushim_pipeline.sandbox.github.paging import LARGEST

MOST_NODES = 500_000
PARTS = ("nodes", "edges")


@dataclass
class Cost:
    """How many requests and nodes a query may come to, and why it is not run: errors as GitHub writes them."""

    requests: int = 0
    nodes: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def points(self) -> int:
        return max(1, round(self.requests / 100))


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Cost:
    """In: a valid document, the operation of it that is to be run, and its coerced variables."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    cost = Cost()

    def weigh(selections: Any, kind: Any, times: int, path: list[str]) -> None:
        for node, parent in _fields(selections, kind, schema, fragments, variables):
            found = getattr(parent, "fields", {}).get(node.name.value)
            if found is None:
                continue  # __typename
            below = get_named_type(found.type)
            here = [*path, node.alias.value if node.alias else node.name.value]
            each = times
            if below.name.endswith("Connection") and "first" in found.args:
                cost.requests += times
                each = times * _size(node, get_argument_values(found, node, dict(variables)), here, cost)
                cost.nodes += each
            if node.selection_set:
                weigh(node.selection_set.selections, below, each, here)

    def _size(node: FieldNode, arguments: Mapping[str, Any], path: list[str], cost: Cost) -> int:
        name = node.name.value
        bounds = {bound: arguments[bound] for bound in ("first", "last") if arguments.get(bound) is not None}
        selected = node.selection_set.selections if node.selection_set else ()
        shows = any(not isinstance(each, FieldNode) or each.name.value in PARTS for each in selected)
        if not bounds:
            if shows:
                message = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                cost.errors.append(refusal("MISSING_PAGINATION_BOUNDARIES", message, path, node))
            return 0
        bound, size = next(iter(bounds.items()))
        if size > LARGEST:
            message = (
                f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit of 100 records."
            )
            cost.errors.append(refusal("EXCESSIVE_PAGINATION", message, path, node))
        elif size < 1 and shows:
            message = f"`{bound}` on the `{name}` connection cannot be less than 1."
            cost.errors.append(refusal("INVALID_PAGINATION_BOUNDARIES", message, path, node))
        return int(size) if shows else 0

    weigh(operation.selection_set.selections, schema.query_type, 1, [])
    if cost.nodes > MOST_NODES and not cost.errors:
        most = f"the maximum limit of {MOST_NODES:,}"
        message = f"This query requests up to {cost.nodes:,} possible nodes which exceeds {most}."
        cost.errors.append({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message})
    return cost


def refusal(kind: str, message: str, path: list[str], node: Any) -> dict[str, Any]:
    """An error of a field."""
    location = node.loc and node.loc.start_token
    where = [{"line": location.line, "column": location.column}] if location else []
    return {"type": kind, "path": path, "locations": where, "message": message}


def _fields(
    selections: Any, kind: Any, schema: GraphQLSchema, fragments: Mapping[str, Any], variables: Mapping[str, Any]
) -> Iterator[tuple[FieldNode, GraphQLObjectType]]:
    """The fields that are asked for, each with the type it is a field of, those of fragments among them."""
    for each in selections:
        skip = get_directive_values(GraphQLSkipDirective, each, dict(variables))
        include = get_directive_values(GraphQLIncludeDirective, each, dict(variables))
        if (skip and skip["if"]) or (include and not include["if"]):
            continue
        if isinstance(each, FieldNode):
            yield each, kind
        elif isinstance(each, InlineFragmentNode):
            below = schema.type_map[each.type_condition.name.value] if each.type_condition else kind
            yield from _fields(each.selection_set.selections, below, schema, fragments, variables)
        elif isinstance(each, FragmentSpreadNode):
            found = fragments[each.name.value]
            below = schema.type_map[found.type_condition.name.value]
            yield from _fields(found.selection_set.selections, below, schema, fragments, variables)

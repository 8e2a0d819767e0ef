"""The stand-in runs a query as graphql-core itself does: the same data, the same errors in the same places."""

from typing import Any

import pytest
from graphql import ExecutionContext, build_schema, execute_sync, parse, validate

from kushim_pipeline.sandbox.github.graph_run import Execution

SCHEMA = build_schema("""
type Query { thing: Thing sure: Thing! some: [Thing] all: [Thing!] nested: [[Thing]] node: Node either: [Either] }
interface Node { id: ID! }
type Thing implements Node {
  id: ID! name: String! size: Int ratio: Float kind: Kind child: Thing sure: Thing! tags: [String!]! flags: [Boolean]
  scaled(by: Int = 2): Int either(kind: Kind): Either
}
type Other implements Node { id: ID! size: Int }
union Either = Thing | Other
enum Kind { BIG SMALL }
""")
QUERY = parse("""
query Q($by: Int, $no: Boolean = false) {
  thing { ...all child { ...all } } sure { id } some { ...all } all { __typename name } nested { id }
  node { __typename id ... on Other { amount: size } }
  either { __typename ... on Thing { id, title: name } ... on Other { id size } }
}
fragment all on Thing {
  __typename id name alias: name size ratio kind @skip(if: $no) tags flags
  scaled thrice: scaled(by: 3) asked: scaled(by: $by) either(kind: BIG) { ... on Thing { id } } sure { id size }
}
""")


def _refuses(info: Any, **asked: Any) -> Any:
    raise ValueError(f"refused at {info.path.as_list()} with {asked}")


def thing(**changed: Any) -> dict[str, Any]:
    whole = {
        "__typename": "Thing",
        "id": 7,
        "name": "a",
        "size": 3,
        "ratio": 0.5,
        "kind": "BIG",
        "tags": ["x", "y"],
        "flags": (True, None),
        "scaled": lambda info, by: by and by * 10,
        "either": lambda info, kind: {"__typename": "Thing", "id": kind},
        "sure": lambda info: {"id": "s", "size": None},
        "child": None,
    }
    return whole | changed


BAD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "name that must be": {"name": None},
    "size of another type": {"size": "three"},
    "kind that is none": {"kind": "HUGE"},
    "lambda for a leaf": {"size": lambda info: 4},
    "lambda that refuses": {"size": _refuses},
    "lambda that must not refuse": {"sure": _refuses},
    "error for a value": {"ratio": ValueError("an error")},
    "tag that is null": {"tags": ["x", None]},
    "tags that are none": {"tags": None},
    "flag of another type": {"flags": [True, "no"]},
    "list that is none": {"flags": 7},
    "list that is a text": {"tags": "xy"},
    "type that is not one of them": {"either": lambda info, kind: {"__typename": "Query"}},
    "type that is not said": {"either": lambda info, kind: {}},
    "another typename": {"__typename": "Other"},
}


@pytest.mark.parametrize("bad", BAD, ids=[name.replace(" ", "-") for name in BAD])
def test_a_query_is_run_as_graphql_core_runs_it(bad: str) -> None:
    assert validate(SCHEMA, QUERY) == []
    made = thing(**BAD[bad])
    root = {
        "thing": thing(child=made),
        "sure": lambda info: thing() if bad != "nothing" else made,
        "some": [thing(), made, None],
        "all": lambda info: [thing(), made],
        "nested": [[made], None, [thing(id=None)]],
        "node": {"__typename": "Other", "id": "o", "size": 2**40 if bad == "nothing" else 1},
        "either": [made, {"__typename": "Other", "id": None}],
    }
    found, expected = (
        execute_sync(SCHEMA, QUERY, root, variable_values={"by": 5}, execution_context_class=kind)
        for kind in (Execution, ExecutionContext)
    )
    assert found.data == expected.data
    assert [error.formatted for error in found.errors or ()] == [error.formatted for error in expected.errors or ()]
    assert expected.errors, "each of them has something wrong"

"""How a query is run: as graphql-core does it, without its provisions for values that have to be awaited.

A page of fifty pull requests is some 1,500 fields, most of them values that stand ready; those are taken at once.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfo,
    is_leaf_type,
    is_non_null_type,
    located_error,
)
from graphql.execution.execute import get_field_def
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, is_iterable

Fields = dict[str, list[FieldNode]]
# A field's name in the answer and in the object; what makes its value fit for JSON, None for what has fields itself.
Step = tuple[str, str, Callable[[Any], Any] | None, list[FieldNode]]


class Execution(ExecutionContext):
    """One query that is run."""

    _steps: dict[int, list[Step]]

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: Fields
    ) -> dict[str, Any]:
        """The fields of an object."""
        done = {}
        for name, key, serialize, nodes in self._steps_of(parent_type, fields):
            value = source_value.get(key)
            if serialize is not None and value is not None and not callable(value):
                try:
                    done[name] = serialize(value)
                    continue
                except Exception:  # noqa: BLE001, S110 # it is told below, with its place
                    pass
            done[name] = self.execute_field(parent_type, source_value, nodes, Path(path, name, parent_type.name))
        return done

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_nodes: list[FieldNode], path: Path
    ) -> Any:
        """One field: what it holds, or an error that is told and null."""
        field = get_field_def(self.schema, parent_type, field_nodes[0])
        info = self.build_resolve_info(field, field_nodes, parent_type, path)
        try:
            asked = get_argument_values(field, field_nodes[0], self.variable_values) if field.args else {}
            found = (field.resolve or self.field_resolver)(source, info, **asked)
            return self.complete_value(field.type, field_nodes, info, path, found)
        except Exception as error:  # noqa: BLE001 # as graphql-core does it: null, or no object above it either
            self.handle_field_error(located_error(error, field_nodes, path.as_list()), field.type, path)
            return None

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> list[Any]:
        """The elements of a list."""
        if not is_iterable(result):
            # It raises then, and returns nothing.
            return super().complete_list_value(return_type, field_nodes, info, path, result)  # type: ignore[return-value]
        kind, done = return_type.of_type, []
        for index, item in enumerate(result):
            here = path.add_key(index, None)
            try:
                done.append(self.complete_value(kind, field_nodes, info, here, item))
            except Exception as error:  # noqa: BLE001 # as above
                self.handle_field_error(located_error(error, field_nodes, here.as_list()), kind, here)
                done.append(None)
        return done

    def _steps_of(self, parent_type: GraphQLObjectType, fields: Fields) -> list[Step]:
        """The fields of a selection, made ready. A selection is kept for as long as its query is run."""
        known: dict[int, list[Step]] = self.__dict__.setdefault("_steps", {})
        found = known.get(id(fields))
        if found is None:
            found = known[id(fields)] = []
            for name, nodes in fields.items():
                key = nodes[0].name.value
                kind: Any = get_field_def(self.schema, parent_type, nodes[0]).type
                kind = kind.of_type if is_non_null_type(kind) else kind
                stands_ready = is_leaf_type(kind) and key != "__typename"
                found.append((name, key, kind.serialize if stands_ready else None, nodes))
        return found

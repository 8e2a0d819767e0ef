"""Hold a profile against its rules with Great Expectations: one suite a layer, one expectation a rule.

Importing Great Expectations costs 3 to 5 CPU-seconds, so it happens inside the call; an expectation costs some
milliseconds, since a profile has a row a subject and never a row a record.
"""

import os
from collections.abc import Sequence
from typing import Any

from kushim_pipeline.quality.rules import RULES, Broken, Profile, Rule


class QualityUnknown(RuntimeError):
    """An expectation could not be evaluated: nothing may be taken for sound."""


def broken_rules(profile: Profile) -> list[Broken]:
    """Every rule that does not hold, with its subject and the number of rows; empty when all hold.

    Raises QualityUnknown when an expectation could not be evaluated. The suite is named after the layer.
    """
    if not profile.subjects:
        return []
    import pandas

    gx = _great_expectations()
    rules = RULES[profile.layer]
    frame = pandas.DataFrame(
        [
            {"subject": subject, **{rule.name: numbers[rule.name] for rule in rules}}
            for subject, numbers in profile.subjects.items()
        ]
    )
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas(profile.layer)
        .add_dataframe_asset(profile.layer)
        .add_batch_definition_whole_dataframe(profile.layer)
        .get_batch({"dataframe": frame})
    )
    suite = gx.ExpectationSuite(
        name=profile.layer,
        expectations=[_expectation(gx, rule) for rule in rules],
    )
    outcome = batch.validate(suite, result_format="BOOLEAN_ONLY")
    broken: list[Broken] = []
    for result in outcome.results:
        if not result.success:
            broken += _named(gx, batch, rules, result)
    return broken


def _expectation(gx: Any, rule: Rule) -> Any:
    return gx.expectations.ExpectColumnValuesToBeBetween(
        column=rule.name,
        min_value=0,
        max_value=0,
        severity="critical" if rule.blocks else "warning",
        meta={"notes": rule.means},
    )


def _named(gx: Any, batch: Any, rules: Sequence[Rule], result: Any) -> list[Broken]:
    """Ask again for the names: only a rule that does not hold costs this."""
    column = result.expectation_config.kwargs.get("column")
    rule = next((rule for rule in rules if rule.name == column), None)
    if rule is not None:
        again = batch.validate(
            _expectation(gx, rule),
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["subject"]},
        )
        rows = again.result.get("unexpected_index_list") or []
        if rows:
            return [Broken(str(row["subject"]), rule, int(row[rule.name])) for row in rows]
    raise QualityUnknown(f"the expectation {result.expectation_config.type} on {column} could not be evaluated")


def _great_expectations() -> Any:
    """The library, told before it is imported that nobody wants to be counted: it would ask a host on the internet."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations

    return great_expectations

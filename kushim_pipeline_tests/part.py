"""A part of the catalogue: what some sources' records are judged by. It costs a run a part of the whole one's time."""

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Catalogue


def judged_by(*sources: str) -> Catalogue:
    """The checks and fact tables that need these sources (and Kushim's own streams) only, and their controls.

    A user's own checks of KUSHIM_CHECKS are in it where they need no other source.
    """
    whole, given = load(), {*sources, "kushim"}

    def is_of(streams: tuple[str, ...]) -> bool:
        return {stream.split(".")[0] for stream in streams} <= given

    checks = {name: check for name, check in whole.checks.items() if is_of(check.streams)}
    controls = {
        name: control.model_copy(update={"checks": tuple(check for check in control.checks if check in checks)})
        for name, control in whole.controls.items()
        if checks.keys() & set(control.checks)
    }
    facts = {name: fact for name, fact in whole.facts.items() if is_of(fact.streams)}
    return whole.model_copy(update={"checks": checks, "controls": controls, "facts": facts})

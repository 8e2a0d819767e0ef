"""Write the tables of docs/catalogue.md from the catalogue itself, so that they cannot fall behind it.

Run `python -m kushim_pipeline.catalogue.docs` after a change to checks, controls, frameworks or policy.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from kushim_pipeline.catalogue.load import HERE, load
from kushim_pipeline.catalogue.model import FRAMEWORKS, Catalogue, Criterion, Framework, PolicyKey

PAGE = HERE.parent.parent / "docs" / "catalogue.md"
_SECTION = re.compile(r"(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(page: str, catalogue: Catalogue) -> str:
    """The page with every section between `<!-- generated: name -->` and `<!-- end -->` written anew.

    Raises KeyError for a section that nobody writes.
    """
    sections = {
        "reach": _reach(catalogue),
        "criteria": _criteria(catalogue, catalogue.frameworks["soc2"]),
        "controls": _controls(catalogue),
        "checks": _checks(catalogue),
        "policy": _policy(catalogue),
    }
    return _SECTION.sub(lambda match: f"{match[1]}{sections[match['name']]}\n{match[3]}", page)


def _reach(catalogue: Catalogue) -> str:
    soc2 = catalogue.frameworks["soc2"]
    rows: list[tuple[object, ...]] = []
    total = 0
    for group, title in soc2.groups.items():
        criteria = [criterion for criterion in soc2.criteria.values() if criterion.group == group]
        reached = [criterion.id for criterion in criteria if catalogue.controls_for("soc2", criterion.id)]
        total += len(reached)
        rows.append((f"{group} {title}", len(criteria), len(reached), ", ".join(reached) or "–"))
    rows.append(("**all**", f"**{len(soc2.criteria)}**", f"**{total}**", ""))
    lines = [
        _table(("SOC 2 group", "criteria", "touched by a check", "which"), rows),
        "",
        f"{total} of {len(soc2.criteria)} criteria are touched by {len(catalogue.checks)} checks through "
        f"{len(catalogue.controls)} controls; {len(soc2.criteria) - total} rest on manual evidence alone.",
        "",
        _table(("framework", "criteria in the catalogue", "ids that checks name"), _named(catalogue)),
    ]
    return "\n".join(lines)


def _named(catalogue: Catalogue) -> Iterable[tuple[str, str, int]]:
    for framework_id, name in FRAMEWORKS.items():
        framework = catalogue.frameworks.get(framework_id)
        named = {criterion for check in catalogue.checks.values() for criterion in check.criteria.get(framework_id, ())}
        yield name, str(len(framework.criteria)) if framework else "not in the catalogue yet", len(named)


def _criteria(catalogue: Catalogue, framework: Framework) -> str:
    return _table(
        ("criterion", "our title", "controls", "what a person brings", "valid for"),
        (
            (
                criterion.id,
                criterion.title,
                ", ".join(control.id for control in catalogue.controls_for(framework.id, criterion.id)) or "none",
                criterion.evidence,
                _validity(criterion),
            )
            for criterion in framework.criteria.values()
        ),
    )


def _validity(criterion: Criterion) -> str:
    return f"{criterion.valid_months} months" if criterion.valid_months else ""


def _controls(catalogue: Catalogue) -> str:
    return _table(
        ("control", "title", "owner", "checks", "SOC 2"),
        (
            (control.id, control.title, control.owner, ", ".join(control.checks), ", ".join(control.criteria["soc2"]))
            for control in catalogue.controls.values()
        ),
    )


def _checks(catalogue: Catalogue) -> str:
    return _table(
        ("check", "title", "severity", "SOC 2", "UNKNOWN when"),
        (
            (check.id, check.title, check.severity, ", ".join(check.criteria.get("soc2", ())), check.unknown_when)
            for check in sorted(catalogue.checks.values(), key=lambda check: check.id)
            if not check.extra
        ),
    )


def _policy(catalogue: Catalogue) -> str:
    return _table(
        ("key", "default", "what it decides", "where the default comes from", "read by"),
        (
            (f"`{key.key}`", _default(key), key.doc, key.source, _readers(catalogue, key))
            for key in catalogue.policy.values()
        ),
    )


def _readers(catalogue: Catalogue, key: PolicyKey) -> str:
    return ", ".join(sorted(check.id for check in catalogue.checks.values() if key.key in check.policy))


def _default(key: PolicyKey) -> str:
    match key.default:
        case bool():
            return "true" if key.default else "false"
        case tuple():
            return ", ".join(f"`{item}`" for item in key.default) or "none"
        case _:
            return f"`{key.default}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def main(page: Path = PAGE) -> None:
    """Rewrite the generated sections of the page in place."""
    page.write_text(render(page.read_text(encoding="utf-8"), load()), encoding="utf-8")


if __name__ == "__main__":
    main()

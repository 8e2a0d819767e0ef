"""SOC 2 in the catalogue: all of its criteria, in our own words, each with a control or with what a person brings."""

from kushim_pipeline.catalogue.load import load

COUNTS = {
    **{"CC1": 5, "CC2": 3, "CC3": 4, "CC4": 2, "CC5": 3, "CC6": 8, "CC7": 5, "CC8": 1, "CC9": 2},
    **{"A1": 3, "PI1": 5, "C1": 2},
    **{"P1": 1, "P2": 1, "P3": 2, "P4": 3, "P5": 2, "P6": 7, "P7": 1, "P8": 1},
}


def test_soc2_has_its_61_criteria() -> None:
    soc2 = load().frameworks["soc2"]
    expected = [f"{group}.{number}" for group, count in COUNTS.items() for number in range(1, count + 1)]
    assert list(soc2.criteria) == expected
    assert len(expected) == 61
    assert all(criterion.id.startswith(f"{criterion.group}.") for criterion in soc2.criteria.values())
    assert list(soc2.groups) == list(COUNTS)


def test_titles_are_short_and_ours() -> None:
    """The criteria's own texts are copyright: each is a sentence about 'the entity', which no title of ours is."""
    titles = [criterion.title for criterion in load().frameworks["soc2"].criteria.values()]
    assert len(set(titles)) == 61
    assert all(len(title) <= 70 and not title.endswith(".") for title in titles)
    assert not [title for title in titles if "entity" in title.lower() or "COSO" in title]


def test_criteria_without_automation_say_so() -> None:
    catalogue = load()
    bare = [c for c in catalogue.frameworks["soc2"].criteria.values() if not catalogue.controls_for("soc2", c.id)]
    assert {"CC1.1", "CC1.2", "CC1.4", "CC3.3", "CC6.4", "CC9.1", "P1.1"} <= {c.id for c in bare}
    assert all(criterion.evidence and criterion.valid_months for criterion in bare)
    validities = {criterion.id: criterion.valid_months for criterion in bare}
    assert (validities["CC1.1"], validities["CC1.2"], validities["CC1.4"], validities["CC9.1"]) == (12, 3, 12, 12)


def test_no_check_decides_for_most_of_the_controls() -> None:
    """An earlier platform let one fallback check decide 41 of its 64 controls."""
    catalogue = load()
    for check_id in catalogue.checks:
        assert len(catalogue.controls_of(check_id)) <= 2, check_id
    assert 20 <= len(catalogue.controls) <= 80

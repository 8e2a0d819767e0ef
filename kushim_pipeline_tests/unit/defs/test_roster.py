"""Partitions follow the tenant files, and runs take stretches of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.defs.names import TENANTS
from kushim_pipeline.defs.roster import follow, stretches
from kushim_pipeline_tests.unit.defs.places import Place


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as found:
        yield found


def test_files_come_and_go(tmp_path: Path, instance: DagsterInstance) -> None:
    place = Place(tmp_path)
    place.tenant("acme")
    place.tenant("beta")
    follow(instance, place.kushim().roster())
    assert instance.get_dynamic_partitions(TENANTS) == ["acme", "beta"]
    place.path("acme").unlink()
    place.tenant("zeta")
    changed = follow(instance, place.kushim().roster())
    assert (changed.add, changed.remove) == (["zeta"], ["acme"])
    assert instance.get_dynamic_partitions(TENANTS) == ["beta", "zeta"]


def test_a_tenant_whose_file_has_a_mistake_keeps_its_partition(tmp_path: Path, instance: DagsterInstance) -> None:
    place = Place(tmp_path)
    place.tenant("acme")
    place.tenant("beta")
    follow(instance, place.kushim().roster())
    place.path("acme").write_text("tenant: acme\nname: Acme\nconections: []\n")
    place.path("beta").unlink()
    assert follow(instance, place.kushim().roster()).remove == ["beta"]
    assert instance.get_dynamic_partitions(TENANTS) == ["acme"]


def test_a_paused_tenant_stays_expected_and_an_offboarded_one_is_gone(
    tmp_path: Path, instance: DagsterInstance
) -> None:
    place = Place(tmp_path)
    for name in ("acme", "beta", "gamma"):
        place.tenant(name)
    follow(instance, place.kushim().roster())
    place.path("acme").write_text(place.path("acme").read_text() + "state: paused\n")
    place.path("beta").write_text(place.path("beta").read_text() + "state: offboarded\n")
    # Even while a file does not say whose it is: these two do.
    place.path("who").write_text("name: who?\n")
    roster = place.kushim().roster()
    assert follow(instance, roster).remove == ["acme", "beta"]
    assert list(roster.tenants) == ["gamma"]
    assert list(roster.expected) == ["acme", "gamma"]
    assert roster.gone(["acme", "beta", "gamma", "old"]) == ["beta"]
    assert "kushim tenants resume acme" in roster.problems_of("acme")[0]


@pytest.mark.parametrize("whose", ["name: who?\n", "tenant: [\n", ""])
def test_nobody_is_gone_while_a_file_does_not_say_whose_it_is(
    tmp_path: Path, instance: DagsterInstance, whose: str
) -> None:
    place = Place(tmp_path)
    place.tenant("acme")
    place.tenant("beta")
    follow(instance, place.kushim().roster())
    place.path("acme").write_text(whose)
    assert follow(instance, place.kushim().roster()).remove == []


def test_nobody_is_gone_when_the_folder_is(tmp_path: Path) -> None:
    assert Place(tmp_path).kushim().roster().gone(["acme"]) == []


def test_a_secret_that_is_not_set_refuses_no_tenant_here(tmp_path: Path) -> None:
    """Its receipts say so: a tenant that silently is not collected would only go stale."""
    place = Place(tmp_path)
    place.tenant("acme", "{source: github, org: acme, token: env:SURELY_NOT_SET}")
    assert list(place.kushim().roster().tenants) == ["acme"]


names = st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=20)


@given(names, st.data(), st.integers(1, 6))
def test_stretches_take_every_wanted_tenant_once_and_nobody_else(
    known: list[str], data: st.DataObject, size: int
) -> None:
    wanted = data.draw(st.sets(st.sampled_from(known))) if known else set()
    taken: list[str] = []
    for first, last in stretches(known, wanted, size):
        stretch = known[known.index(first) : known.index(last) + 1]
        assert 1 <= len(stretch) <= size
        taken += stretch
    assert taken == [name for name in known if name in wanted]

"""Sealed bytes open only unchanged, with their key, and for what they were sealed for."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.vault.envelope import OVERHEAD, DataKey, bind, key_id_of, open_sealed, seal, unbind
from kushim_pipeline.vault.errors import SealBroken

KEY = DataKey.of(os.urandom(16), os.urandom(32))
FIELDS = st.lists(st.text(max_size=20), max_size=5)


@given(st.binary(max_size=500), FIELDS)
def test_what_is_sealed_opens(plain: bytes, fields: list[str]) -> None:
    sealed = seal(KEY, plain, bind(*fields))
    assert open_sealed(KEY, sealed, bind(*fields)) == plain
    assert len(sealed) == len(plain) + OVERHEAD
    assert key_id_of(sealed) == KEY.key_id


@given(st.binary(max_size=60), st.data())
def test_any_flipped_bit_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, plain, b"bound"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        open_sealed(KEY, bytes(sealed), b"bound")


def test_every_flipped_bit_is_refused() -> None:
    sealed = seal(KEY, b"read-only", b"bound")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            open_sealed(KEY, bytes(changed), b"bound")


@given(st.binary(max_size=60), st.integers(0, 200))
def test_cut_off_or_longer_bytes_are_refused(plain: bytes, size: int) -> None:
    sealed = seal(KEY, plain, b"")
    for changed in (sealed[: min(size, len(sealed) - 1)], sealed + b"\0" * (size + 1)):
        with pytest.raises(SealBroken):
            open_sealed(KEY, changed, b"")


@given(FIELDS, FIELDS)
def test_other_fields_do_not_open(fields: list[str], others: list[str]) -> None:
    sealed = seal(KEY, b"x", bind(*fields))
    if fields == others:
        assert open_sealed(KEY, sealed, bind(*others)) == b"x"
    else:
        with pytest.raises(SealBroken):
            open_sealed(KEY, sealed, bind(*others))


@given(FIELDS)
def test_bound_fields_are_told_apart(fields: list[str]) -> None:
    assert unbind(bind(*fields)) == fields
    assert bind("a", "bc") != bind("ab", "c") != bind("abc")


def test_another_key_of_the_same_id_does_not_open() -> None:
    other = DataKey.of(KEY.key_id, os.urandom(32))
    with pytest.raises(SealBroken):
        open_sealed(other, seal(KEY, b"x", b""), b"")


def test_the_same_value_twice_is_not_the_same_bytes() -> None:
    assert seal(KEY, b"x", b"") != seal(KEY, b"x", b"")


def test_a_key_does_not_print() -> None:
    raw = b"\x01" * 31 + b"\x02"
    assert "cipher" not in repr(DataKey.of(b"0" * 16, raw))


@pytest.mark.parametrize(("key_id", "raw"), [(b"0" * 16, b"0" * 16), (b"0" * 15, b"0" * 32)])
def test_other_lengths_are_no_keys(key_id: bytes, raw: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey.of(key_id, raw)


def test_opening_costs_microseconds() -> None:
    sealed = [
        seal(KEY, b"a-token-of-forty-characters-0123456789ab", bind("acme", "secrets", "t", n)) for n in range(500)
    ]
    before = time.process_time()
    for n, each in enumerate(sealed):
        open_sealed(KEY, each, bind("acme", "secrets", "t", n))
    # About 5 microseconds each where this was written; a hundred times that would be another algorithm.
    assert time.process_time() - before < 0.25

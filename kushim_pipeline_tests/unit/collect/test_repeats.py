"""What repeats a connection's secret is not kept: neither as evidence nor as a record."""

import base64
import gzip
from pathlib import Path

import pytest
from pydantic import SecretStr

from kushim_pipeline.collect import records as records_module
from kushim_pipeline.collect.collection import Collection, SecretRepeated
from kushim_pipeline.collect.record import pack
from kushim_pipeline.collect.run import repeating
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import decode, decode_shown
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.evidence.store import FileStore

SECRET = 'token/with+"signs"'
UNIT = Unit("acme", "github:acme", "github", "acme", "github.repository", "global")


def collection(root: Path) -> Collection:
    repeats = repeating([SecretStr(SECRET)])
    return Collection(UNIT, FileStore(root), code_version="test", mask=str, repeats=repeats)


@pytest.mark.parametrize(
    "body",
    [
        SECRET.encode(),
        b'{"echo": "token/with+\\"signs\\""}',
        b"?t=token%2Fwith%2B%22signs%22",
        b"Basic " + base64.b64encode(b"user:" + SECRET.encode()),
        SECRET.encode().hex().encode(),
    ],
)
def test_an_answer_that_repeats_the_secret_is_not_kept(tmp_path: Path, body: bytes) -> None:
    c = collection(tmp_path)
    with c:
        c.keep(body, operation="List", parameters={}, status=200)
    receipt = c.finish()
    assert receipt.pages == ()
    assert receipt.outcome is Outcome.FAILED
    assert "repeats a secret of this connection" in receipt.errors[0].message
    assert not list(tmp_path.rglob("*.gz"))


def test_a_record_that_repeats_it_in_a_spelling_of_json_is_not_kept(tmp_path: Path) -> None:
    c = collection(tmp_path)
    # The letter t as an escape: the page's bytes do not show the secret, the parsed record does.
    page = c.keep(b'{"a": "\\u0074oken/with+\\"signs\\""}', operation="List", parameters={}, status=200)
    c.record("r1", {"a": SECRET}, evidence=page)
    c.record("r2", {"a": "harmless"}, evidence=page)
    receipt = c.finish()
    assert receipt.outcome is Outcome.PARTIAL
    assert receipt.records == 1
    assert receipt.errors[0].reason is Reason.QUARANTINED
    assert SECRET not in repr(receipt)


@pytest.mark.parametrize("size", [1, 250, 10_000], ids=["one-a-part", "some-a-part", "one-part"])
def test_of_many_records_those_that_repeat_it_are_left_out_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(records_module, "PART", size)
    c = collection(tmp_path)
    for number in range(12):
        c.record(f"r{number}", {"a": SECRET if number % 5 == 1 else number}, evidence="", mark=f"m{number}")
    c.set_cursor({"at": 1})
    receipt = c.finish()
    store = FileStore(tmp_path)
    parts = [store.get("acme", digest) for digest in (receipt.records_sha256, *receipt.records_more) if digest]
    kept = [decode(line)["body"]["a"] for part in parts for line in part.split(b"\n")]
    assert sorted(kept) == [0, 2, 3, 4, 5, 7, 8, 9, 10]
    assert len(parts) == {1: 9, 250: 6, 10_000: 1}[size]
    assert (receipt.records, receipt.population) == (9, 9)
    assert [error.message for error in receipt.errors] == ["a record repeats a secret of this connection"] * 3
    assert sorted(decode(store.get("acme", receipt.marks_sha256 or ""))) == sorted(
        f"r{n}" for n in range(12) if n % 5 - 1
    )
    repeats = repeating([SecretStr(SECRET)])
    assert not any(repeats(gzip.decompress(path.read_bytes())) for path in tmp_path.rglob("*.gz"))


@pytest.mark.parametrize(("text", "times"), [("x", 1), ("\\u0078", 2), ("x\\/", 2)])
def test_only_what_a_page_does_not_show_is_searched_for_once_more(tmp_path: Path, text: str, times: int) -> None:
    searched: list[bytes] = []

    def noting(data: bytes) -> bool:
        searched.append(data)
        return False

    c = Collection(UNIT, FileStore(tmp_path), code_version="test", mask=str, repeats=noting)
    body = b'[{"id":"r","a":"%b"}]' % text.encode()
    page = c.keep(body, operation="List", parameters={}, status=200)
    [element], shown = decode_shown(body)
    c.record_many([pack("r", element, page, shown)])
    assert c.finish().records == 1
    assert len(searched) == times


def test_other_answers_and_short_secrets_are_let_pass(tmp_path: Path) -> None:
    c = collection(tmp_path)
    c.keep(b"token/with and signs", operation="List", parameters={}, status=200)
    assert not repeating([SecretStr("word")])(b"a word")
    with pytest.raises(SecretRepeated):
        c.keep(SECRET.encode(), operation="List", parameters={}, status=200)

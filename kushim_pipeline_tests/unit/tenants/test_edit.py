"""One line of a tenant file is changed, and every other byte stays."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.tenants.edit import EditRefused, change_file, find_file, new_file, set_key
from kushim_pipeline.tenants.load import load_tenants

FILE = b"""# Ours.
tenant: acme   # for ever
name: "Acme: Inc."
connections: []  # none yet
# the end
"""


def state(data: bytes, folder: Path) -> str:
    path = folder / "t.yaml"
    path.write_bytes(data)
    (tenant,) = load_tenants(path).tenants
    return tenant.state


def test_a_new_line_goes_below_the_id(tmp_path: Path) -> None:
    changed = set_key(FILE, "state", "paused")
    assert changed == FILE.replace(b"for ever\n", b"for ever\nstate: paused\n")
    assert state(changed, tmp_path) == "paused"


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        (b"state: active", b"state: paused"),
        (b"state:   'active'   # since 2026", b"state:   paused   # since 2026"),
        (b'"state" : "active"', b'"state" : paused'),
        (b"state:\n  active", b"state:\n  paused"),
        (b"? state\n: active", b"? state\n: paused"),
        ("state: active # \u2713 ünï".encode(), "state: paused # \u2713 ünï".encode()),
    ],
)
def test_the_value_alone_is_replaced(line: bytes, becomes: bytes, tmp_path: Path) -> None:
    before = "# \u00fc\U0001f600\n".encode() + FILE + line + b"\n# more"
    after = set_key(before, "state", "paused")
    assert after == before.replace(line, becomes)
    assert state(after, tmp_path) == "paused"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"name: A\nconnections: []\ntenant: acme", b"name: A\nconnections: []\ntenant: acme\nstate: paused"),
        (
            b"tenant: acme\r\nname: A\r\nconnections: []\r\n",
            b"tenant: acme\r\nstate: paused\r\nname: A\r\nconnections: []\r\n",
        ),
        (
            b"\xef\xbb\xbftenant: acme\nname: A\nconnections: []",
            b"\xef\xbb\xbftenant: acme\nstate: paused\nname: A\nconnections: []",
        ),
        (
            b"---\n  tenant: acme\n  name: A\n  connections: []\n...\n",
            b"---\n  tenant: acme\n  state: paused\n  name: A\n  connections: []\n...\n",
        ),
        (b"{tenant: acme, name: A, connections: []}", b"{state: paused, tenant: acme, name: A, connections: []}"),
        (b"tenant:\n  acme\nname: A\nconnections: []\n", b"tenant:\n  acme\nstate: paused\nname: A\nconnections: []\n"),
    ],
    ids=["no newline", "CRLF", "BOM", "document marks", "flow", "value below"],
)
def test_files_as_people_write_them(before: bytes, after: bytes, tmp_path: Path) -> None:
    assert set_key(before, "state", "paused") == after
    assert state(after, tmp_path) == "paused"


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"name: A\n", FILE + b"---\ntenant: b\n", b"tenant: [\n", b"\xff", b"tenant: acme\n\tname: A"],
    ids=["empty", "list", "no id", "two documents", "not YAML", "not UTF-8", "tab"],
)
def test_what_cannot_be_edited_is_refused(data: bytes) -> None:
    with pytest.raises(EditRefused):
        set_key(data, "state", "paused")


comments = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"]), max_size=20)
ends = st.sampled_from(["\n", "\r\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """Tenant files: keys in any order, blank lines, comments, quotes, a state or none, a last newline or none."""
    lines = [
        "tenant: acme",
        "name: " + draw(st.sampled_from(["A", "'A # B'", '"\u00e9: \U0001f600"', "|\n  two\n  lines"])),
    ]
    lines.append(draw(st.sampled_from(["connections: []", "connections:\n- {source: github, org: a, token: env:T}"])))
    if draw(st.booleans()):
        lines.append("state: " + draw(st.sampled_from(["active", "'paused'", '"offboarded"'])))
    if draw(st.booleans()):
        lines.append("policy: {state: 3}")
    lines = draw(st.permutations(lines))
    out = []
    for line in lines:
        if draw(st.booleans()):
            out.append("# " + draw(comments))
        if draw(st.booleans()):
            out.append("")
        out.append(line + (draw(st.sampled_from(["", "  ", " # state: x"])) if "|" not in line else ""))
    text = draw(ends).join("\n".join(out).split("\n"))
    return text + draw(st.sampled_from(["", "\n", "\n\n# end"]))


@given(text=files(), value=st.sampled_from(["active", "paused", "offboarded"]))
def test_every_other_byte_stays(text: str, value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = text.encode()
    folder = tmp_path_factory.mktemp("files")
    before = folder / "t.yaml"
    before.write_bytes(data)
    (old,) = load_tenants(before, check_secrets=False).tenants
    changed = set_key(data, "state", value)
    before.write_bytes(changed)
    (new,) = load_tenants(before, check_secrets=False).tenants
    assert new == old.model_copy(update={"state": value})
    # One run of bytes differs: what is before it and behind it is the file as it was.
    shared = len(os.path.commonprefix([data, changed]))
    tail = len(os.path.commonprefix([data[shared:][::-1], changed[shared:][::-1]]))
    assert len(changed) - shared - tail <= len(b"\r\nstate: offboarded")
    removed = data[shared : len(data) - tail]
    assert b"\n" not in removed
    assert len(removed) <= len(b'"offboarded"')
    assert set_key(changed, "state", value) == changed


def test_the_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path: Path) -> None:
    path, link = tmp_path / "acme.yaml", tmp_path / "link.yaml"
    path.write_bytes(FILE)
    path.chmod(0o640)
    link.symlink_to(path)
    change_file(link, {"state": "offboarded", "retain_until": "2030-01-31"})
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    (tenant,) = load_tenants(path).tenants
    assert (tenant.state, str(tenant.retain_until)) == ("offboarded", "2030-01-31")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["acme.yaml", "link.yaml"]


def test_the_file_of_a_tenant_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(FILE)
    (tmp_path / "two.yml").write_bytes(FILE.replace(b"acme", b"beta"))
    (tmp_path / "bad.yaml").write_bytes(FILE.replace(b"acme", b"gamma").replace(b"name", b"nome"))
    assert find_file(tmp_path, "beta") == tmp_path / "two.yml"
    assert find_file(tmp_path, "nobody") is None
    assert find_file(tmp_path / "one.yaml", "acme") == tmp_path / "one.yaml"
    with pytest.raises(EditRefused, match="mistake"):
        find_file(tmp_path, "gamma")


def test_a_new_file_loads(tmp_path: Path) -> None:
    folder = tmp_path / "tenants"
    path = new_file(folder, "acme", "Ann's # company: the 'best'", ("soc2", "hipaa"))
    (tenant,) = load_tenants(folder).tenants
    assert (tenant.tenant, tenant.name, tenant.frameworks, tenant.state) == (
        "acme", "Ann's # company: the 'best'", ("soc2", "hipaa"), "active",
    )  # fmt: skip
    with pytest.raises(EditRefused, match="already"):
        new_file(folder, "acme", "Acme", ("soc2",))
    with pytest.raises(EditRefused, match="one file"):
        new_file(path, "beta", "Beta", ("soc2",))
    with pytest.raises(EditRefused):
        new_file(folder, "beta", "Beta", ("sox",))
    with pytest.raises(EditRefused):
        new_file(folder, "beta", "two\nlines \x00", ("soc2",))
    assert [p.name for p in folder.iterdir()] == ["acme.yaml"]


def test_an_unknown_state_is_told(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_bytes(FILE + b"state: pausd\nretain_until: soon\n")
    first, second = map(str, load_tenants(path).problems)
    assert "this state is not known; write paused" in first
    assert "retain_until: this is not a date; write year, month and day" in second

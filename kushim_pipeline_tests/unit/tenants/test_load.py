"""Tenant files: each mistake is refused with file, line and what to write, and stops nobody else."""

import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kushim_pipeline.catalogue.model import PolicyKey
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.tenants.config import FileConnection
from kushim_pipeline.tenants.load import Loaded, load_tenants
from kushim_pipeline.tenants.problem import Problem

ENVIRON = {"AWS_ID": "id", "AWS_SECRET": "secret", "TOKEN": "token"}
POLICY = partial(
    resolve,
    {
        "access_key_max_age_days": PolicyKey(
            key="access_key_max_age_days", type="integer", default=90, doc="The age.", source="ours"
        )
    },
)
GOOD = """\
tenant: acme
name: Acme Inc.
frameworks: [soc2, iso27001]
policy: {access_key_max_age_days: 60}
connections:
  - {source: aws, account_id: 012345678901, regions: [us-east-1],
     access_key_id: env:AWS_ID, secret_access_key: env:AWS_SECRET}
  - source: github
    org: acme
    token: env:TOKEN
exceptions:
  - id: EX-1
    check: AWS-S3-002
    resource: arn:aws:s3:::site
    reason: a public web site
    requested_by: ann@acme.test
    approved_by: bob@acme.test
    until: 2027-03-31
"""


def load(path: Path, **files: str | bytes) -> Loaded:
    for name, text in files.items():
        (path / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_tenants(path, environ=ENVIRON, policy=POLICY)


def only(loaded: Loaded) -> Problem:
    assert loaded.tenants == ()
    (problem,) = loaded.problems
    return problem


def test_a_right_file_loads(tmp_path: Path) -> None:
    loaded = load(tmp_path, acme=GOOD)
    assert loaded.problems == ()
    (tenant,) = loaded.tenants
    assert tenant.policy == {"access_key_max_age_days": 60}
    # An account id keeps its leading zero although it is not in quotes.
    assert [c.connection_id for c in tenant.connections] == ["aws:012345678901", "github:acme"]
    assert load_tenants(tmp_path / "acme.yaml", environ=ENVIRON).tenants == loaded.tenants


REPLACED = [
    # what is replaced, by what, the line, what is said, what to write
    ("name: Acme", "nmae: Acme", 2, "unknown key nmae", "name"),
    ("    org: acme", "    orgg: acme", 9, "connection 2 (github): unknown key orgg", "org"),
    ("    org: acme\n", "", 8, "the key org is missing", "org: acme"),
    ("token: env:TOKEN", "token: hunter2", 10, "literal", "env:NAME_OF_THE_VARIABLE"),
    ("token: env:TOKEN", "token: [hunter2]", 10, "no reference", "env:NAME"),
    ("token: env:TOKEN", "token:", 10, "no reference", "env:NAME"),
    ("token: env:TOKEN", "token: env:OTHER", 10, "the environment variable OTHER is not set", "export"),
    ("token: env:TOKEN", "token: env: TOKEN", 10, "': '", "no space"),
    ("access_key_id: env:AWS_ID", "access_key_id: AKIA0123456789ABCDEF", 7, "literal", "env:"),
    ("tenant: acme", "tenant: Acme", 1, "a tenant id has", "acme-eu"),
    ("tenant: acme\n", "", 1, "the key tenant is missing", "tenant: acme"),
    ("name: Acme Inc.", "name: [Acme]", 2, "a single value belongs here", "name: Acme Inc."),
    ("name: Acme Inc.", "name:", 2, "there is no value", "name: Acme Inc."),
    ("[soc2, iso27001]", "[soc2, iso27002]", 3, "framework is not known", "iso27001"),
    ("[soc2, iso27001]", "soc2", 3, "a list belongs here", "[soc2]"),
    ("{access_key_max_age_days: 60}", "{access_key_max_age: 60}", 4, "access_key_max_age", "access_key_max_age_days"),
    ("{access_key_max_age_days: 60}", "{access_key_max_age_days: soon}", 4, "whole number", "of that kind"),
    ("{access_key_max_age_days: 60}", "[60]", 4, "keys and values belong here", "policy: {"),
    ("account_id: 012345678901", "account_id: 12345678901", 6, "12 digits", "012345678901"),
    (
        "account_id: 012345678901",
        "account_id: 012345678901, org: a",
        6,
        "unknown key org",
        "one of source, budget_share",
    ),
    ("[us-east-1]", "us-east-1", 6, "a list belongs here", "regions: [us-east-1]"),
    ("[us-east-1]", "[]", 6, "the list is empty", "regions: [us-east-1]"),
    ("source: github", "source: gihub", 8, "source is not known", "github"),
    ("source: github\n    org", "org", 8, "the key source is missing", "one of aws, github"),
    ("until: 2027-03-31", "until: 2027-02-31", 18, "not a date", "2027-03-31"),
    ("approved_by: bob", "approved_by: ann", 12, "same person", "somebody else"),
    ("check: AWS-S3-002", "check: 7", 13, "does not fit", "AWS-S3-002"),
    ("    reason: a", "    raeson: a", 15, "unknown key raeson", "reason"),
    ("name: Acme Inc.", "name: Acme\nname: Acme", 3, "the key name stands twice", "keep one"),
    ("    org: acme", "    org: acme\n    org: beta", 10, "the key org stands twice", "keep one"),
    ("tenant: acme", "tenant: &a acme", 1, "anchor", "quotes"),
    ("tenant: acme", "tenant: !x acme", 1, "tag", "quotes"),
    ("name: Acme Inc.", "name: Acme: Inc.", 2, "': '", "quotes"),
    ("name: Acme Inc.", "name: @acme", 2, "begins", "quotes"),
    ("name: Acme Inc.", 'name: "Acme', 2, "never closed", "close it"),
    ("[soc2, iso27001]", "[soc2, iso27001", 3, "never closed", "close it"),
    ("tenant: acme", "---\ntenant: acme\n---\ntenant: beta", 4, "second YAML document", "one tenant in each file"),
    ("Inc.", "Inc.\x07", 2, "control character", "remove"),
]


@pytest.mark.parametrize(("old", "new", "line", "what", "instead"), REPLACED, ids=[case[1][:30] for case in REPLACED])
def test_a_mistake_is_named_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, what: str, instead: str
) -> None:
    assert old in GOOD
    loaded = load(tmp_path, acme=GOOD.replace(old, new, 1), beta=GOOD.replace("tenant: acme", "tenant: beta"))
    # The other tenant runs.
    assert [tenant.tenant for tenant in loaded.tenants] == ["beta"]
    matching = [p for p in loaded.problems if what in p.what and instead in p.instead]
    assert [(p.file, p.line) for p in matching] == [(tmp_path / "acme.yaml", line)], [str(p) for p in loaded.problems]
    assert f"acme.yaml:{line}:" in str(matching[0])
    assert "hunter2" not in "".join(map(str, loaded.problems))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"- a\n", "keys and values"),
        (b"tenant: acme\n\xff\n", "not UTF-8"),
        (b"a: " + b"[" * 100_000, "nested too deeply"),
        (b"# " + b"a" * 1_000_001, "larger than 1 MB"),
        (b"? [a]\n: b\n", "a key here is not a text"),
        (b"\tname: x\n", "tab"),
    ],
    ids=["empty", "comment", "list", "latin", "deep", "large", "list as key", "tab"],
)
def test_a_file_that_is_no_tenant_file_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    assert what in only(load(tmp_path, acme=data)).what


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    assert load(tmp_path, acme=b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).problems == ()


def test_one_id_in_two_files_refuses_both_and_names_both_places(tmp_path: Path) -> None:
    beta = GOOD.replace("tenant: acme", "tenant: beta")
    loaded = load(tmp_path, a=GOOD, b="# again\n" + GOOD, c=beta)
    assert [tenant.tenant for tenant in loaded.tenants] == ["beta"]
    assert [(p.file.name, p.line) for p in loaded.problems] == [("a.yaml", 1), ("b.yaml", 2)]
    assert f"{tmp_path / 'b.yaml'}:2" in loaded.problems[0].what
    assert f"{tmp_path / 'a.yaml'}:1" in loaded.problems[1].what
    assert loaded.refused == {"acme"}


def test_an_id_that_a_broken_file_claims_is_ambiguous_too(tmp_path: Path) -> None:
    assert load(tmp_path, a=GOOD, b=GOOD.replace("name:", "nmae:")).tenants == ()


def test_a_file_that_is_not_yaml_still_says_whose_it_is(tmp_path: Path) -> None:
    loaded = load(tmp_path, acme="# ours\n" + GOOD.replace("name: Acme", "name: @"))
    assert loaded.refused == {"acme"}
    loaded = load(tmp_path, other=GOOD)
    assert [(p.file.name, p.tenant) for p in loaded.problems] == [("acme.yaml", "acme")] * 2 + [("other.yaml", "acme")]
    assert f"{tmp_path / 'acme.yaml'}:2" in loaded.problems[2].what
    assert [p.tenant for p in load(tmp_path, acme="name: @", other="").problems] == [None, None]


@pytest.mark.parametrize(
    ("url", "allowed", "right"),
    [
        ("http://127.0.0.1:8000", "1", True),
        ("http://127.0.0.1:8000", "", False),
        ("https://10.0.0.1/api/v3", "", False),
        ("https://10.0.0.1/api/v3", "1", True),
        ("https://ghe.acme.example/api/v3", "", True),
        ("http://140.82.112.6", "1", False),
        ("http://api.github.com", "", False),
        ("https://ann:hunter2@api.github.com", "1", False),
    ],
)
def test_where_a_secret_may_be_sent(tmp_path: Path, url: str, allowed: str, right: bool) -> None:
    (tmp_path / "acme.yaml").write_text(GOOD.replace("    org: acme", f'    org: acme\n    base_url: "{url}"'))
    loaded = load_tenants(tmp_path, environ={**ENVIRON, "KUSHIM_ALLOW_PRIVATE_HOSTS": allowed})
    assert bool(loaded.tenants) is right
    for problem in loaded.problems:
        assert (problem.line, problem.tenant) == (10, "acme")
        assert "hunter2" not in str(problem)


def test_secrets_are_asked_for_only_where_a_vendor_will_be_read(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(GOOD)
    assert len(load_tenants(tmp_path, environ={}).problems) == 3
    assert load_tenants(tmp_path, environ={}, check_secrets=False).problems == ()


def test_a_place_without_tenants_is_said(tmp_path: Path) -> None:
    assert "no tenant file" in only(load(tmp_path)).what
    assert "KUSHIM_TENANTS" in only(load(tmp_path / "absent")).instead


def test_what_is_no_tenant_file_is_left_alone_or_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("notes")
    (tmp_path / ".acme.yaml").write_text("an editor's copy")
    (tmp_path / "old.yml").mkdir()
    assert "not a file" in only(load(tmp_path)).what


def test_every_mistake_of_a_file_is_named_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = GOOD.replace("name: Acme", "nmae: Acme").replace("us-east-1", "nowhere").replace("org: acme", "org: a/b")
    lines = [problem.line for problem in load(tmp_path, acme=text).problems]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert len(lines) == 4


SNIPPETS = st.sampled_from(
    ["tenant: acme\n", "- ", "  ", "\n", "connections:\n", "source: aws", ": ", "{", "}", "[", "]", "*a", "&a ",
     "!!str ", "|", "---\n", "policy: {a: 1}\n", "exceptions: [{}]\n", "'", '"', "aws: 1\n", "? ", "<<: ",
     "%YAML 1.1\n", "\u2028", "~"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(SNIPPETS, max_size=12).map(lambda parts: "".join(parts).encode())))
@example(b"connections: [1, {source: 1}, {source: aws, 1: 2}]\nexceptions: [1]\naws: 1\n")
def test_no_content_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("tenants") / "acme.yaml"
    path.write_bytes(data)
    loaded = load_tenants(path, environ={}, policy=POLICY)
    assert loaded.problems
    assert all(problem.what and problem.instead and str(problem) for problem in loaded.problems)


@settings(max_examples=200, deadline=None)
@given(
    secret=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+_-", min_size=8, max_size=60),
    place=st.sampled_from(
        [
            "token: env:TOKEN",
            "access_key_id: env:AWS_ID",
            "secret_access_key: env:AWS_SECRET",
            "source: github",
            "org: acme",
        ]
    ),
    form=st.sampled_from(
        ["{}", '"{}"', "[{}]", "{{a: {}}}", "'{}", "&{} x", "!{} x", "*{}", "https://{}@h", "{}: x", "|{}"]
    ),
)
def test_no_problem_repeats_a_literal(
    tmp_path_factory: pytest.TempPathFactory, secret: str, place: str, form: str
) -> None:
    secret = f"Qz9{secret}"
    key = place.partition(":")[0]
    path = tmp_path_factory.mktemp("tenants") / "acme.yaml"
    path.write_text(GOOD.replace(place, f"{key}: {form.format(secret)}"))
    loaded = load_tenants(path, environ=ENVIRON, policy=POLICY)
    assert secret not in "".join(map(str, loaded.problems))
    if key != "org":
        assert loaded.tenants == ()


def test_a_file_rewritten_in_the_same_moment_and_size_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(GOOD)
    before = path.stat()
    assert load_tenants(path, environ=ENVIRON, policy=POLICY).tenants[0].name == "Acme Inc."
    path.write_text(GOOD.replace("Acme Inc.", "Acme Ltd."))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (before.st_mtime_ns, before.st_size)
    assert load_tenants(path, environ=ENVIRON, policy=POLICY).tenants[0].name == "Acme Ltd."


def test_a_file_that_did_not_change_is_parsed_once_and_judged_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment and the catalogue may change while a file does not."""
    path = tmp_path / "acme.yaml"
    path.write_text(GOOD.replace("tenant: acme", "tenant: parsed-once"))
    first = load_tenants(path, environ=ENVIRON, policy=POLICY)
    assert not first.problems

    def refuse(_: bytes) -> None:
        raise AssertionError("this file was parsed before")

    with monkeypatch.context() as patch:
        patch.setattr("kushim_pipeline.tenants.load.read", refuse)
        assert load_tenants(path, environ=ENVIRON, policy=POLICY) == first
    without = {name: value for name, value in ENVIRON.items() if name != "TOKEN"}
    (unset,) = load_tenants(path, environ=without, policy=POLICY).problems
    (unknown,) = load_tenants(path, environ=ENVIRON, policy=partial(resolve, {})).problems
    assert (unset.line, unknown.line) == (10, 4)


DROP = """\
tenant: acme
name: Acme
connections:
  - source: file
    name: hr
    folder: {folder}
    files:
      - stream: person
        path: "people-*.csv"
        max_age_days: 40
        columns: {{email: {{header: E-Mail}}}}
"""


def test_a_drop_folder_starts_from_where_the_tenant_file_lies(tmp_path: Path) -> None:
    """Two tenants whose files say the same still have two folders."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "acme.yaml").write_text(DROP.format(folder="drop"))
        for _ in range(2):
            (config,) = load_tenants(tmp_path / name, environ={}).tenants
            (connection,) = config.connections
            assert isinstance(connection, FileConnection)
            assert connection.base == tmp_path / name
            assert connection.files[0].max_age_days == 40


def test_an_absolute_drop_folder_needs_the_operator(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(DROP.format(folder="/srv/drop/acme"))
    for allowed in ("", "/srv/dro", "srv", "/srv/drop/acme/b"):
        problem = only(load_tenants(tmp_path, environ={"KUSHIM_DROP": allowed}))
        assert (problem.line, "KUSHIM_DROP" in problem.instead) == (6, True)
    assert load_tenants(tmp_path, environ={"KUSHIM_DROP": "/mnt:/srv/drop"}).problems == ()


def test_mistakes_inside_a_declared_file_are_named_with_their_keys(tmp_path: Path) -> None:
    text = DROP.format(folder="drop").replace("header", "hedaer").replace("max_age_days", "max_age")
    found = sorted(str(problem) for problem in load(tmp_path, acme=text).problems)
    assert ["write header" in found[0] or "write header" in found[1], "write max_age_days" in "".join(found)] == [
        True
    ] * 2

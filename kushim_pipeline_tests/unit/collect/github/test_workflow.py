"""What a workflow file is taken to use, and which files are not taken for ones that use nothing."""

from typing import Any

import pytest

from kushim_pipeline.collect.github.workflow import Unparsable, uses, without_texts, workflow_files

WORKFLOW = """\
name: uses: in a name is no use
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    env: {uses: not/this@v1}
    steps:
      - uses: actions/checkout@v4
      - &setup
        uses: "acme/setup@1234567890123456789012345678901234567890" # v2
        with: {uses: nor/this@v1}
      - run: |
          uses: nor/that@v1
      - *setup
  call:
    uses: Other/repo/.github/workflows/ci.yaml@main
"""
BRANCH = {"name": "main", "target": {"oid": "a" * 40}}


def test_what_runs_is_found_and_what_only_looks_like_it_is_not() -> None:
    found = uses(WORKFLOW.replace("name: uses: in a name is no use", "name: 'uses: in a name is no use'"))
    assert found == (
        "actions/checkout@v4",
        "acme/setup@1234567890123456789012345678901234567890",
        "Other/repo/.github/workflows/ci.yaml@main",
    )
    assert uses("# all of it is a comment\n") == uses("on: push\n") == ()


@pytest.mark.parametrize(
    "text",
    [
        WORKFLOW,  # a colon in a plain word
        "jobs: [",
        "[" * 100_000,
        "- jobs\n",
        "jobs: {a: {steps: [{uses: a/b@v1}]}}\njobs: {}\n",
        "jobs: {a: {steps: [{uses: a/b@v1, uses: c/d@v1}]}}\n",
        "jobs: {a: {steps: [{uses: 1}]}}\n",
        "jobs: {a: {steps: {uses: a/b@v1}}}\n",
        "base: &base {uses: a/b@v1}\njobs: {a: {<<: *base}}\n",
        "jobs: {a: {uses: !!python/name:os.system ''}}\n",
        "jobs: {a: {}}\n---\njobs: {}\n",
        "jobs: {a: {}}\x00",
        "x: &x [" + "{run: a}," * 500 + "]\njobs: {" + ",".join(f"j{n}: {{steps: *x}}" for n in range(500)) + "}",
    ],
    ids="plain open deep list jobs_twice uses_twice number steps merged tag two nul bomb".split(),
)
def test_a_file_that_cannot_be_read_is_not_one_that_uses_nothing(text: str) -> None:
    with pytest.raises(Unparsable):
        uses(text)


def entry(name: str, text: str | None, type: str = "blob", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "object": {"isTruncated": False, "text": text, **more}}


def test_one_bad_file_spoils_no_other() -> None:
    folder = {
        "entries": [
            entry("a.yml", "jobs: {a: {uses: o/r/w.yml@v1}}"),
            entry("b.YAML", "jobs: ["),
            entry("c.yml", "jobs: {}", isTruncated=True),
            entry("d.yml", None, isBinary=True),
            {"name": "e.yml", "type": "blob", "object": None},
            entry("README.md", "jobs: ["),
            entry("old.yml", None, "tree"),
            "nonsense",
        ]
    }
    found = workflow_files({"workflows": folder, "defaultBranchRef": BRANCH})
    assert found is not None
    assert found[0] == {"name": "a.yml", "uses": ["o/r/w.yml@v1"]}
    assert [each["name"] for each in found if "unread" in each] == ["b.YAML", "c.yml", "d.yml", "e.yml", None]
    assert "text" not in str(without_texts(folder))


@pytest.mark.parametrize(
    ("node", "files"),
    [
        ({"workflows": None, "defaultBranchRef": BRANCH}, []),
        ({"workflows": None, "defaultBranchRef": None}, None),
        ({"workflows": None, "defaultBranchRef": {"name": "main", "target": None}}, None),
        ({"workflows": {"entries": None}, "defaultBranchRef": BRANCH}, None),
        ({"workflows": {}, "defaultBranchRef": BRANCH}, None),
    ],
    ids=["no folder", "no branch", "no commit", "no entries", "no tree"],
)
def test_no_folder_is_proven_by_the_commit_alone(node: dict[str, Any], files: list[Any] | None) -> None:
    assert workflow_files(node) == files

"""The commands in README and docs/ exist: every `make X` is a target, every `kushim …` line parses."""

import re
import shlex
from pathlib import Path

import click
import pytest

from kushim_pipeline.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))) if page.exists()]
_CODE = re.compile(r"^```(?:sh|bash|console|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
# What stands for something else in prose: kushim results [--tenant T], kushim demo | run, kushim …
_PROSE = re.compile(r"[\[\]|…<>]|\.\.\.")


def commands(page: Path) -> list[str]:
    """The command lines of a page: those of its shell blocks, and inline code that begins with make or kushim."""
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(_CODE.findall(text)).replace("\\\n", " ")
    lines = [line.strip().removeprefix("$ ") for line in blocks.splitlines()]
    found = lines + _INLINE.findall(_CODE.sub("", text))
    return [line for line in found if re.match(r"(?:\.venv/bin/)?(?:make|kushim)(?:\s|$)", line)]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_of_the_documents_exists(page: Path) -> None:
    for line in commands(page):
        words = shlex.split(line, comments=True)
        if words[0] == "make":
            named = [word for word in words[1:] if re.fullmatch(r"[a-z]+", word)]
            assert set(named) <= targets(), f"{page.name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_kushim_line_of_the_documents_parses(page: Path) -> None:
    for line in commands(page):
        if "kushim" in line.split()[0]:
            assert (problem := mistake(line)) is None, f"{page.name}: {line}: {problem}"


def mistake(line: str) -> str | None:
    """What click says against a command line; it is parsed, never run."""
    words = shlex.split(line, comments=True)[1:]
    words = words[: next((i for i, word in enumerate(words) if word in (">", "|", "&&", ";", ">>")), len(words))]
    if not words or words[0] in ("--help", "--version"):
        return None
    command = cli.commands.get(words[0])
    if command is None:
        return "there is no such command"
    if _PROSE.search(line) and len(words) > 1:
        return None
    options = [word for word in words[1:] if word != "--help"]
    if len(words) == 1:
        return None  # a mention of the command, without what it needs
    try:
        command.make_context(words[0], options)
    except click.UsageError as error:
        return error.message
    return None


def test_the_check_itself_notices_mistakes() -> None:
    assert mistake("kushim reslts --tenant acme") is not None
    assert mistake("kushim results --tennant acme") is not None
    assert mistake("kushim results --format xml") is not None
    assert mistake('.venv/bin/kushim query "SELECT 1" --format json > out.json') is None
    assert mistake("kushim controls --framework soc2 --tenant acme") is None
    assert {"demo", "test", "dev", "lint", "bench", "help"} <= targets()


def test_every_make_target_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    described = set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == described == targets()

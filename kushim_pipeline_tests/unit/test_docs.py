"""The commands in README and docs/ exist: every `make X` is a target, every `kushim …` line parses; and so do links."""

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


_LINK = re.compile(r'\]\(([^()\s]+)\)|<img src="([^"]+)"')


def links(text: str) -> list[str]:
    """Where a page leads within the project: links and pictures, those in code left out."""
    prose = _INLINE.sub("", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [found for pair in _LINK.findall(prose) if (found := "".join(pair)) and "://" not in found]


def anchors(page: Path) -> set[str]:
    """What of a page can be led to: its headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, text: str) -> list[str]:
    """The links of a page's text that lead nowhere."""
    found = []
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_the_documents_is_there(page: Path) -> None:
    assert broken(page, page.read_text(encoding="utf-8")) == []


def test_a_link_that_leads_nowhere_is_noticed() -> None:
    page = ROOT / "README.md"
    good = "[a](docs/dagster.md) [b](docs/dagster.md#the-graph) [c](#the-map) [d](https://example.test/x) `[e](f)`"
    assert broken(page, good) == []
    bad = '[a](docs/dragster.md) [b](docs/dagster.md#no-graph) [c](#no-map) ![d](e.png) <img src="f.png" width="1">'
    assert broken(page, bad) == ["docs/dragster.md", "docs/dagster.md#no-graph", "#no-map", "e.png", "f.png"]


def test_every_picture_is_shown_somewhere_and_is_small() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page.read_text(encoding="utf-8"))}
    for picture in (ROOT / "docs").glob("**/*.png"):
        assert picture.resolve() in shown
        assert picture.stat().st_size < 300_000, picture.name

"""Run the kushim command as a person would: a process of its own, in a folder, with an environment."""

import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

KUSHIM = [sys.executable, "-c", "from kushim_pipeline.cli import main; main()"]
# What the test's own shell may have set, and what would change what is tested.
_OWN = ("KUSHIM_", "SANDBOX_", "DAGSTER_", "AWS_")


def surroundings(**more: str) -> dict[str, str]:
    """The environment of a child: this process's, without anything that configures Kushim, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "", **more}


def kushim(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    code: int | None = 0,
    value: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end, with `value` on its standard input; with `code`, it must end with that one."""
    done = subprocess.run(
        [*KUSHIM, *arguments],
        cwd=folder,
        env=dict(environment) if environment is not None else surroundings(),
        capture_output=True,
        text=True,
        input=value,
        timeout=180,
        check=False,
    )
    assert code is None or done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def started(folder: Path, *arguments: str, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a command, its output in one pipe, line by line."""
    return subprocess.Popen(
        [*KUSHIM, *arguments],
        cwd=folder,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(process: "subprocess.Popen[str]", words: str | Sequence[str]) -> str:
    """Read a process's lines until one holds the words (or one of them). Out: that line."""
    wanted = [words] if isinstance(words, str) else words
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if any(word in line for word in wanted):
            return line
    raise AssertionError(f"it ended without saying {wanted}:\n{''.join(seen)}")


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    children = [int(child) for child in found.stdout.split()]
    return [one for child in children for one in (child, *descendants(child))]


def ends(pid: int) -> bool:
    """Whether a process that is not our child ends within a minute."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 60)[0])
    finally:
        os.close(handle)

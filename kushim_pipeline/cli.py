"""The `kushim` command. Everything heavy is imported by the subcommand that needs it, so that --help is quick."""

import io
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import click

from kushim_pipeline import __version__
from kushim_pipeline.commands.access_group import access
from kushim_pipeline.commands.connections_group import connections
from kushim_pipeline.commands.quarantine_group import quarantine
from kushim_pipeline.commands.secrets_group import secrets
from kushim_pipeline.commands.tenants_group import tenants
from kushim_pipeline.commands.warehouse_group import warehouse

STATUSES = ("PASS", "FAIL", "UNKNOWN", "NOT_APPLICABLE", "EXCEPTED")
_SECRET_NAMES = re.compile(r"TOKEN|SECRET|PASSW|_KEY|CREDENTIAL|WAREHOUSE_URL", re.IGNORECASE)

Command = Callable[..., Any]


def _tenants(command: Command) -> Command:
    return click.option("--tenant", "tenants", multiple=True, metavar="T", help="Only this tenant (repeatable).")(
        command
    )


def _format(command: Command) -> Command:
    formats = click.Choice(["table", "json", "csv"])
    return click.option("--format", "form", type=formats, default="table", show_default=True, help="How to print.")(
        command
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="kushim", message="%(prog)s %(version)s")
def cli() -> None:
    """Continuous compliance as a data pipeline: the audit you can re-run.

    KUSHIM_HOME is the data folder (./.kushim), KUSHIM_TENANTS the tenant files (./tenants), KUSHIM_WAREHOUSE_URL
    the warehouse (a DuckDB file in KUSHIM_HOME). KUSHIM_DEBUG=1 shows where an error comes from.
    """


@cli.command()
def demo() -> None:
    """Run everything for the sandbox's tenants, show what was found."""
    from kushim_pipeline.commands import work

    sys.exit(work.demo(_settings()))


@cli.command()
@_tenants
@click.option("--source", "sources", multiple=True, metavar="S", help="Only this source (repeatable).")
@click.option("--full", is_flag=True, help="Read everything anew, not only what changed since the last reading.")
def run(tenants: tuple[str, ...], sources: tuple[str, ...], full: bool) -> None:
    """Collect, judge and publish.

    The exit code is 0 when the pipeline did its work, whatever the verdicts, 1 when it could not or when a tenant file
    was refused (the others run), 2 when a tenant or source is not known.
    """
    from kushim_pipeline.commands import work

    sys.exit(work.run(_settings(), tenants, sources, full=full))


@cli.command()
@_tenants
@click.option("--check", "checks", multiple=True, metavar="C", help="Only this check, e.g. AWS-S3-002 (repeatable).")
@click.option("--status", multiple=True, metavar="S", help=f"Only this status: {', '.join(STATUSES)} (repeatable).")
@_format
def results(tenants: tuple[str, ...], checks: tuple[str, ...], status: tuple[str, ...], form: str) -> None:
    """Show the current verdicts: a row for each check and resource."""
    from kushim_pipeline.commands import read

    wanted = [word.upper() for word in status]
    read.refuse_unknown("status", wanted, STATUSES)
    read.results(_settings(), form, tenants, [check.upper() for check in checks], wanted)


@cli.command()
@click.option("--framework", required=True, metavar="F", help="The framework, e.g. soc2.")
@_tenants
@_format
def controls(framework: str, tenants: tuple[str, ...], form: str) -> None:
    """Show the status of each control behind a framework's criteria."""
    from kushim_pipeline.commands import read

    read.controls(_settings(), form, framework, tenants)


@cli.command()
@_tenants
@_format
def receipts(tenants: tuple[str, ...], form: str) -> None:
    """Show what each stream's last collection proves."""
    from kushim_pipeline.commands import read

    read.receipts(_settings(), form, tenants)


@cli.command()
@click.argument("sql")
@click.option("--tenant", metavar="T", help="As this tenant, for a login that sees one at a time (Postgres).")
@_format
def query(sql: str, tenant: str | None, form: str) -> None:
    """Answer one read-only SQL statement from the warehouse."""
    from kushim_pipeline.commands import read

    read.query(_settings(), form, sql, tenant)


@cli.command()
@_tenants
def verify(tenants: tuple[str, ...]) -> None:
    """Re-hash the evidence, follow the ledger, name what is broken."""
    from kushim_pipeline.commands import work

    sys.exit(work.verify(_settings(), tenants))


@cli.command()
@click.option("--alone", is_flag=True, help="Nothing else is at work on this instance: do not wait for other hosts.")
@click.option(
    "--wait", "wait_seconds", type=click.FloatRange(0), default=120, show_default=True, metavar="SECONDS",
    help="How long to watch whether runs on other hosts still live; without such runs nothing is waited for.",
)  # fmt: skip
def reap(alone: bool, wait_seconds: float) -> None:
    """Close runs that a lost host or a killed process left behind: run it before the Dagster daemon."""
    from kushim_pipeline.commands.reap import reap as close_lost_runs

    sys.exit(close_lost_runs(_settings(), alone=alone, wait_seconds=wait_seconds))


@cli.command()
@click.argument("sha256")
@click.option("--tenant", required=True, metavar="T", help="Whose evidence it is.")
@click.option("--output", metavar="FILE", help="Write to this file instead of stdout.")
def evidence(sha256: str, tenant: str, output: str | None) -> None:
    """Print one kept answer of a vendor, byte for byte, after checking its hash."""
    from kushim_pipeline.commands import work

    work.evidence(_settings(), tenant, sha256, output)


@cli.command()
@click.option("--tenant", metavar="T", help="Only what was done to this tenant.")
@_format
def trail(tenant: str | None, form: str) -> None:
    """Show who did what: tenants' lives, secrets, access."""
    from kushim_pipeline.commands import work

    work.trail(_settings(), tenant, form)


@cli.command()
def version() -> None:
    """Show Kushim's version."""
    click.echo(f"kushim {__version__}")


for group in (tenants, connections, quarantine, secrets, access, warehouse):
    cli.add_command(group)


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()


def main() -> None:
    """The console script: one clear message on stderr for any error; the traceback only with KUSHIM_DEBUG=1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows only ASCII still gets its answer
    try:
        cli(prog_name="kushim")
    except Exception as error:
        if os.environ.get("KUSHIM_DEBUG") == "1":
            raise
        click.echo(f"kushim: {explain(error)}", err=True)
        sys.exit(1)


def explain(error: Exception) -> str:
    """What happened, without the value of any environment variable that is named like a secret."""
    from kushim_pipeline.commands.output import one_line_each
    from kushim_pipeline.tenants.secret import mask

    secrets = [value for name, value in os.environ.items() if _SECRET_NAMES.search(name) and len(value) >= 6]
    secrets += [found[1] for value in secrets if (found := re.search(r"://[^:@/]*:([^@/]+)@", value))]
    text = str(error).strip() or "something went wrong"
    # Kushim's own errors are sentences; what comes from elsewhere is told by its kind too.
    if not type(error).__module__.startswith("kushim_pipeline"):
        text = f"{text} ({type(error).__name__}; KUSHIM_DEBUG=1 shows where)"
    return one_line_each(mask(text, secrets))


if __name__ == "__main__":
    main()

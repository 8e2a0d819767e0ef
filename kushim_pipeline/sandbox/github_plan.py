"""What the manifest plans of the work in a GitHub repository, and of what GitHub found in it. Sound by default."""

from typing import Literal

from kushim_pipeline.sandbox.estate import Model


class Merged(Model):
    """A pull request that was merged, `days` ago. `by`: whose it is. `reviewed`: an owner who is somebody else approved
    what was merged. `tested`: the check `build` had passed."""

    title: str
    by: str
    days: int
    reviewed: bool = True
    tested: bool = True


class Pushed(Model):
    """A commit that somebody pushed to the default branch without a pull request."""

    by: str
    days: int


class Vulnerability(Model):
    """An alert about a dependency, `days` old. `fixed`, `dismissed`: as many days ago; open without. `reason`: why it
    was dismissed."""

    package: str
    days: int
    severity: Literal["low", "medium", "high", "critical"] = "high"
    fixed: int | None = None
    dismissed: int | None = None
    reason: str | None = None


class Override(Model):
    """A rule of a repository's default branch that somebody overrode, as the audit log tells it."""

    repository: str
    by: str
    days: int

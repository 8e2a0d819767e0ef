"""The organisation of `_github_company` with 50 merged pull requests in each repository, and their commits."""

from kushim_pipeline.sandbox.github.vendor import Github
from kushim_pipeline_tests.bench import _github_company as without
from kushim_pipeline_tests.bench._github_company import AGAIN_IS_LIMITED, BASE_PATH, SECRETS, connection, settings

__all__ = ["AGAIN_IS_LIMITED", "BASE_PATH", "CALLS", "SECRETS", "connection", "pass_a_day", "settings", "vendor"]

PULLS = 50
CALLS = without.CALLS + without.REPOSITORIES * 3 // 2


def vendor() -> Github:
    """The stand-in, as it is first."""
    return without.vendor(PULLS)


def pass_a_day(github: Github) -> None:
    """One in a hundred repositories is pushed to, and has another merged pull request."""
    without.pass_a_day(github, PULLS)

"""`slack.team`: the workspace, and whose token reads it. team.info, auth.test

Id: the workspace's. Body: {"team": …, "auth": …}.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.listing import name_of
from kushim_pipeline.collect.http.reading import report
from kushim_pipeline.collect.slack.dialect import SLACK
from kushim_pipeline.collect.slack.workspace import Workspace
from kushim_pipeline.evidence.receipt import Reason

NEEDS = "the scope team:read"
INFO, AUTH = "team.info", "auth.test"


def read(c: Collection, workspace: Workspace) -> None:
    """One record: the workspace."""
    try:
        # What asks by a cursor names the workspace team_id, this one names it team.
        team_id = workspace.of_team().get("team_id")
        info = Call(INFO, f"/{INFO}", {"team": team_id} if team_id else {}, NEEDS)
        answer = workspace.client.ask(info, c.keep)
        team = object_of(answer, info, SLACK).get("team")
        test = Call(AUTH, f"/{AUTH}", method="POST")  # as its reference has it
        auth = object_of(workspace.client.ask(test, c.keep), test, SLACK)
    except Unread as trouble:
        report(c, trouble)
        return
    team_id = name_of(team, "id") if isinstance(team, dict) else None
    if team_id is None:
        c.problem(Reason.INCOMPLETE, INFO, "the answer has no team with an id")
    elif auth.get("is_enterprise_install") is not True and auth.get("team_id") != team_id:
        c.problem(Reason.INCOMPLETE, AUTH, "the token says that it belongs to another workspace than team.info shows")
    else:
        c.record(team_id, {"team": team, "auth": auth}, evidence=answer.evidence)

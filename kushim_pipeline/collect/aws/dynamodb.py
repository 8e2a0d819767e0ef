"""DynamoDB: tables with their tags, and their continuous backups."""

from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, one, pages, record_part

_TABLE, _BACKUP = "aws.dynamodb_table", "aws.dynamodb_backup"
# They move with the table's contents, or all the time; the kept bytes hold them.
_SIZES = frozenset({"IndexSizeBytes", "ItemCount", "TableSizeBytes"})
_WINDOW = frozenset({"EarliestRestorableDateTime", "LatestRestorableDateTime"})


def read_tables(account: Account, region: str, sinks: Sinks) -> None:
    """The tables, then in parallel what DynamoDB says about each."""
    whole = pick(sinks, _TABLE, _BACKUP)
    names = [str(name) for name, _ in listing(account, region, whole, "dynamodb", "ListTables", "TableNames")]
    tables, backups = pick(sinks, _TABLE), pick(sinks, _BACKUP)

    def read(name: str) -> None:
        arn = account.arn("dynamodb", region, "table", name)
        if tables:
            answer = one(account, region, tables, arn, "dynamodb", "DescribeTable", TableName=name)
            record_part(tables, arn, answer, lambda answer: _with_tags(account, region, sinks, arn, answer))
        if backups:
            answer = one(account, region, backups, arn, "dynamodb", "DescribeContinuousBackups", TableName=name)
            record_part(backups, arn, answer, _backups)

    each(account, read, names)


def _with_tags(account: Account, region: str, sinks: Sinks, arn: str, answer: Answer) -> dict[str, Any]:
    """The table without its sizes, and its tags. Raises ReadFailed."""
    table = answer.want("Table", dict)
    told = pick(sinks, _TABLE)
    tags: list[Any] = []
    try:
        for page in pages(account, region, told, "dynamodb", "ListTagsOfResource", ResourceArn=arn):
            tags += page.want("Tags", list)
    except ReadFailed as failed:
        raise ReadFailed(failed.reason, f"ListTagsOfResource: {failed.message}") from None
    indexes = {
        key: [_without(index, _SIZES) for index in table[key]]
        for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        if isinstance(table.get(key), list)
    }
    return {**_without(table, _SIZES), **indexes, "Tags": tags}


def _backups(answer: Answer) -> dict[str, Any]:
    found = answer.want("ContinuousBackupsDescription", dict)
    recovery = found.get("PointInTimeRecoveryDescription")
    if isinstance(recovery, dict):
        found = {**found, "PointInTimeRecoveryDescription": _without(recovery, _WINDOW)}
    return {"ContinuousBackupsDescription": found}


def _without(body: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in names}

"""IAM Access Analyzer: the analyzers of a region, and what each of them found."""

from kushim_pipeline.collect.aws.calls import Account, Sinks, pick
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import listing


def read_analyzers(account: Account, region: str, sinks: Sinks) -> None:
    """Analyzers of every kind, then the findings of each, whatever their status.

    A finding's id is unique in its analyzer; it is recorded behind the analyzer's ARN, which its body names too.
    """
    whole = pick(sinks, "aws.access_analyzer", "aws.access_analyzer_finding")
    findings = pick(sinks, "aws.access_analyzer_finding")
    found: dict[str, str] = {}
    for analyzer, evidence in listing(account, region, whole, "accessanalyzer", "ListAnalyzers", "analyzers"):
        arn = analyzer.get("arn") or ""
        found[arn] = analyzer.get("type") or ""
        for sink in pick(sinks, "aws.access_analyzer"):
            sink.record(arn, steady("aws.access_analyzer", analyzer, account.now), evidence=evidence)
    if not findings:
        return
    for arn, kind in found.items():
        if not arn:
            continue
        for finding, evidence in listing(
            account, region, findings, "accessanalyzer", "ListFindingsV2", "findings", analyzerArn=arn
        ):
            name = finding.get("id")
            body = steady("aws.access_analyzer_finding", finding, account.now)
            body = {"analyzerArn": arn, "analyzerType": kind, **body}
            for sink in findings:
                sink.record(f"{arn}/{name}" if name else "", body, evidence=evidence)

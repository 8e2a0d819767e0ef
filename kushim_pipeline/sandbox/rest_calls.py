"""Which operation a request of AWS's REST services is: by its method and path (each service's API reference)."""

import re

# The name that a service signs with -> (method, path, operation), the first that fits.
_ROUTES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "access-analyzer": (
        ("GET", "/analyzer", "ListAnalyzers"),
        ("POST", "/findingv2", "ListFindingsV2"),
    ),
    "apigateway": (
        ("GET", "/restapis", "GetRestApis"),
        ("GET", "/restapis/[^/]+/stages", "GetStages"),
    ),
    "backup": (
        ("GET", "/backup/plans/?", "ListBackupPlans"),
        ("GET", "/backup/plans/[^/]+/?", "GetBackupPlan"),
        ("GET", "/backup/plans/[^/]+/selections/?", "ListBackupSelections"),
        ("GET", "/backup/plans/[^/]+/selections/[^/]+", "GetBackupSelection"),
        ("GET", "/backup-jobs/?", "ListBackupJobs"),
        ("GET", "/resources/?", "ListProtectedResources"),
        ("GET", "/restore-jobs/?", "ListRestoreJobs"),
        ("GET", "/restore-testing/plans", "ListRestoreTestingPlans"),
        ("GET", "/restore-testing/plans/[^/]+/selections", "ListRestoreTestingSelections"),
    ),
    "cloudfront": (("GET", "/2020-05-31/distribution", "ListDistributions"),),
    "guardduty": (
        ("GET", "/detector", "ListDetectors"),
        ("GET", "/detector/[^/]+", "GetDetector"),
        ("POST", "/detector/[^/]+/findings", "ListFindings"),
        ("POST", "/detector/[^/]+/findings/get", "GetFindings"),
    ),
    "inspector2": (
        ("POST", "/status/batch/get", "BatchGetAccountStatus"),
        ("POST", "/coverage/list", "ListCoverage"),
        ("POST", "/findings/list", "ListFindings"),
    ),
    "lambda": (
        ("GET", "/2015-03-31/functions/?", "ListFunctions"),
        ("GET", "/2015-03-31/functions/[^/]+/policy", "GetPolicy"),
        ("GET", "/2021-10-31/functions/[^/]+/url", "GetFunctionUrlConfig"),
    ),
    "securityhub": (("POST", "/standards/get", "GetEnabledStandards"),),
}
SERVICES = frozenset(_ROUTES)


def operation_of(service: str, method: str, path: str) -> str:
    """The operation; empty when it cannot be told. In: the name that the request is signed for, method, bare path."""
    for wanted, pattern, operation in _ROUTES.get(service, ()):
        if wanted == method and re.fullmatch(pattern, path):
            return operation
    return ""

"""The decisions of a tenant's reviews, as the lists that somebody brings to its drop folder."""

import csv
import io
from collections.abc import Mapping, Sequence

from kushim_pipeline.sandbox.manifest import Tenant
from kushim_pipeline.sandbox.okta_plan import AccessReview, Decision
from kushim_pipeline.sandbox.okta_world import REVIEW, applications, email
from kushim_pipeline.sandbox.people import day

Row = Sequence[str]


def review_files(tenant_id: str, tenant: Tenant, names: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
    """Stream -> file name and contents. In: what the tenant's resources are called."""
    found: dict[str, tuple[str, bytes]] = {}
    if tenant.credential_reviews:
        made = [[REVIEW, names[name], *_signed(tenant_id, each)] for name, each in tenant.credential_reviews.items()]
        found["credential_review"] = "credentials.csv", _written(["campaign", "credential_id"], made)
    if tenant.okta and tenant.okta.review:
        rows = _decisions(tenant_id, tenant, tenant.okta.review)
        found["access_review"] = "access.csv", _written(["campaign", "app_id", "user_id"], rows)
    return found


def _decisions(tenant_id: str, tenant: Tenant, review: AccessReview) -> list[Row]:
    first, second = review.by
    rows: list[Row] = []
    for app in applications(tenant_id, tenant.people, tenant.okta) if tenant.okta else ():
        for each in app.users if app.label in review.apps else ():
            login = each.username.partition("@")[0]
            name = f"{app.label}/{login}"
            made = review.otherwise.get(name, Decision(by=second if login == first else first, days=review.days))
            if name not in review.left_out:
                rows.append([REVIEW, app.label, each.username, *_signed(tenant_id, made)])
    return rows


def _signed(tenant_id: str, made: Decision) -> Row:
    return [email(tenant_id, made.by), made.decision, str(day(made.days))]


def _written(key: Row, rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    header = [*key, "reviewer", "decision", "decided_on"]
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()

"""What trying an account says: a page of each list, one resource of each kind, region by region."""

from dataclasses import replace

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.collect.trial import State, Tried, try_connection
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.secret import from_environment
from kushim_pipeline_tests.integration.collect.aws.builder import REGIONS
from kushim_pipeline_tests.integration.collect.aws.proxy import Proxy, error
from kushim_pipeline_tests.integration.collect.aws.reading import PACE, SECRETS, connection


def test_a_role_that_lacks_an_action_in_one_region_is_told_so(proxy: Proxy) -> None:
    keys = {"access_key_id": "env:access_key_id", "secret_access_key": "env:secret_access_key"}
    account = connection(proxy.url, **keys)
    tenant = TenantConfig(tenant="acme", name="Acme", connections=(account,))
    secrets = from_environment({name: secret.get_secret_value() for name, secret in SECRETS.items()})
    proxy.fail("DescribeInstances", error(403, "UnauthorizedOperation"), region=REGIONS[0])
    proxy.fail("GetBucketVersioning", error(403, "AccessDenied"))
    proxy.fail("ListSecrets", error(500, "InternalFailure"))
    found: dict[tuple[str, State], Tried] = {}
    for one in try_connection(tenant, account, secrets, load().checks, replace(PACE, sample=True)):
        assert (one.stream, one.state) not in found
        found[one.stream, one.state] = one
    denied = found["aws.ec2_instance", State.DENIED]
    assert denied.scopes == (REGIONS[0],)
    assert denied.needs == ("ec2:DescribeInstances",)
    assert "ec2:DescribeInstances" in denied.said
    assert found["aws.ec2_instance", State.READABLE].scopes == tuple(REGIONS[1:])
    assert found["aws.s3_bucket_versioning", State.DENIED].said.startswith("arn:aws:s3:::")
    assert found["aws.secretsmanager_secret", State.FAILED].scopes == tuple(REGIONS)
    assert {stream for stream, state in found if state is not State.READABLE} == {
        "aws.ec2_instance", "aws.s3_bucket_versioning", "aws.s3_bucket_object_lock", "aws.secretsmanager_secret",
    }  # fmt: skip
    assert proxy.count()["GetBucketPolicy"] == 1


def test_a_fault_of_awss_own_is_no_missing_network(proxy: Proxy) -> None:
    """The answer about whose account it is stands in one receipt, and decides about all of them."""
    account = connection(proxy.url, access_key_id="env:access_key_id", secret_access_key="env:secret_access_key")
    tenant = TenantConfig(tenant="acme", name="Acme", connections=(account,))
    secrets = from_environment({name: secret.get_secret_value() for name, secret in SECRETS.items()})
    proxy.fail("GetCallerIdentity", error(500, "InternalFailure"))
    found = try_connection(tenant, account, secrets, load().checks, replace(PACE, sample=True))
    assert len(found) > 50
    assert {(one.state, one.call) for one in found} == {(State.FAILED, "GetCallerIdentity")}

/*
table: aws_account
title: AWS accounts, with the credentials of their root user
# Only the management account or IAM's delegated administrator is told what the organisation does centrally, so a
# member's row takes that from whichever connection of the tenant was told within 36 hours.
streams: [aws.account, aws.organization]
population_streams: [aws.account]
required: [root_mfa_enabled, root_access_keys]
columns:
  root_mfa_enabled: Whether the root user has a second factor
  root_access_keys: How many access keys the root user owns
  root_has_password: Whether the root user can sign in; NULL where IAM does not say
  root_signing_certificates: How many signing certificates the root user owns; NULL where IAM does not say
  root_credentials_managed_centrally: >-
    Whether the account is a member of an organisation that manages the root credentials of its members centrally; NULL
    where no connection was told
*/
WITH organization AS (
    SELECT
        r.tenant_id, r.connection_id,
        (r.body->>'Id') AS organization_id,
        as_boolean((r.body->>'absent')) OR (r.body->>'MasterAccountId') = r.account_id AS is_nobodys_member,
        CASE
            WHEN json_holds((r.body->'RootAccess'->'EnabledFeatures'), 'RootCredentialsManagement') THEN TRUE
            WHEN (r.body->'RootAccess'->'EnabledFeatures') IS NOT NULL
                OR (r.body->'RootAccess'->>'code') IN (
                    'OrganizationNotInAllFeaturesModeException', 'ServiceAccessNotEnabledException'
                )
            THEN FALSE
        END AS is_central
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.organization'
),

told AS (
    SELECT o.tenant_id, o.organization_id, bool_or(o.is_central) AS is_central
    FROM organization AS o
    JOIN raw.last_receipt_asof AS u
        ON u.tenant_id = o.tenant_id AND u.connection_id = o.connection_id
        AND u.stream = 'aws.organization' AND u.outcome = 'complete'
    CROSS JOIN ops.clock AS c
    WHERE o.is_central IS NOT NULL AND coalesce(u.proven_at, u.finished_at) >= c.as_of - INTERVAL '36 hours'
    GROUP BY o.tenant_id, o.organization_id
),

root AS (
    SELECT
        o.tenant_id, o.connection_id,
        bool_or(CASE WHEN o.is_nobodys_member THEN FALSE ELSE t.is_central END) AS is_central
    FROM organization AS o
    LEFT JOIN told AS t ON t.tenant_id = o.tenant_id AND t.organization_id = o.organization_id
    GROUP BY o.tenant_id, o.connection_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    CASE as_integer((r.body->'Summary'->>'AccountMFAEnabled'))
        WHEN 0 THEN FALSE WHEN 1 THEN TRUE
    END AS root_mfa_enabled,
    as_integer((r.body->'Summary'->>'AccountAccessKeysPresent')) AS root_access_keys,
    CASE as_integer((r.body->'Summary'->>'AccountPasswordPresent'))
        WHEN 0 THEN FALSE WHEN 1 THEN TRUE
    END AS root_has_password,
    as_integer((r.body->'Summary'->>'AccountSigningCertificatesPresent')) AS root_signing_certificates,
    o.is_central AS root_credentials_managed_centrally
FROM raw.record_asof AS r
LEFT JOIN root AS o ON o.tenant_id = r.tenant_id AND o.connection_id = r.connection_id
WHERE r.stream = 'aws.account'

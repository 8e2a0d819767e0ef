/*
id: OKTA-ADM-002
title: API tokens are used, owned by an active service identity and below super-admin
severity: high
resource_type: okta.api_token
population: okta_api_token
streams: [okta.api_token, okta.user, okta.admin_role]
freshness_hours: 36
policy: [okta_service_accounts, unused_credential_max_days]
unknown_when: >-
  The tokens, the accounts or the role assignments were denied or are not whole; or no register of service accounts is
  given, so that an owner cannot be told from a person.
criteria:
  soc2: [CC6.1, CC6.3]
  iso27001: [A.5.17, A.8.2]
  nist_csf: [PR.AA-01]
  pci_dss: ["7.2.5"]
remediation: >-
  Revoke tokens that nobody uses. Make the token anew as a service account with the narrowest role that does the work, and
  name that account in okta_service_accounts.
*/
WITH judged AS (
    SELECT
        t.*,
        json_is_filled(p.okta_service_accounts) AS is_listed,
        p.unused_credential_max_days AS days_allowed,
        t.last_used_at < c.as_of - p.unused_credential_max_days * INTERVAL '1 day' AS is_unused
    FROM facts.okta_api_token AS t
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN owner_id IS NULL THEN 'UNKNOWN'
        WHEN owner_is_super_admin OR is_unused THEN 'FAIL'
        WHEN owner_status IS NULL OR owner_status IN ('STAGED', 'PROVISIONED', 'SUSPENDED', 'DEPROVISIONED') THEN 'FAIL'
        WHEN is_listed AND NOT owner_is_service_account THEN 'FAIL'
        WHEN is_listed AND owner_is_service_account AND NOT owner_is_super_admin AND NOT is_unused
            AND owner_status IN ('ACTIVE', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY') THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN owner_id IS NULL THEN 'incomplete'
        WHEN owner_is_super_admin THEN 'the token acts for a super administrator'
        WHEN is_unused THEN 'not used for more than ' || days_allowed || ' days'
        WHEN owner_status IS NULL THEN 'the account that the token acts for is not among the accounts'
        WHEN owner_status IN ('STAGED', 'PROVISIONED', 'SUSPENDED', 'DEPROVISIONED')
            THEN 'the account that the token acts for is ' || owner_status
        WHEN is_listed AND NOT owner_is_service_account THEN 'the token acts for an account that is no service account'
        WHEN NOT is_listed THEN 'not_collected'
        WHEN owner_is_super_admin IS NULL OR is_unused IS NULL THEN 'incomplete'
        WHEN owner_status IN ('ACTIVE', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY')
            THEN 'used, and acts for an active service account that is no super administrator'
        ELSE 'incomplete'
    END AS reason
FROM judged

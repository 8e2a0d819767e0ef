/*
id: OKTA-ADM-001
title: Super administrators are few and on the approved list
severity: high
resource_type: okta.user
population: okta_admin
applies_to: is_super_admin
streams: [okta.admin_role, okta.user]
freshness_hours: 36
policy: [okta_max_super_admins, okta_approved_super_admins]
unknown_when: >-
  The role assignments were denied or are not whole or not understood; or no list of approved super administrators is given.
criteria:
  soc2: [CC6.3]
  iso27001: [A.8.2]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(4)(ii)(B)"]
  pci_dss: ["7.2.2"]
remediation: >-
  Give the person a narrower role, or add the login to okta_approved_super_admins after approval; keep the number within
  okta_max_super_admins.
*/
WITH judged AS (
    SELECT
        a.tenant_id,
        a.resource_id,
        a.is_super_admin,
        n.number,
        p.okta_max_super_admins AS number_allowed,
        json_is_filled(p.okta_approved_super_admins) AS is_listed,
        json_holds(p.okta_approved_super_admins, a.login)
            OR json_holds(p.okta_approved_super_admins, a.resource_id) AS is_approved
    FROM facts.okta_admin AS a
    LEFT JOIN (
        SELECT tenant_id, connection_id, count(*) AS number
        FROM facts.okta_admin
        WHERE is_super_admin
        GROUP BY tenant_id, connection_id
    ) AS n ON n.tenant_id = a.tenant_id AND n.connection_id = a.connection_id
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN is_super_admin IS NULL THEN 'UNKNOWN'
        WHEN is_listed AND NOT is_approved THEN 'FAIL'
        WHEN number > number_allowed THEN 'FAIL'
        WHEN is_listed AND number <= number_allowed THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN is_super_admin IS NULL THEN 'incomplete'
        WHEN is_listed AND NOT is_approved THEN 'a super administrator who is not on the approved list'
        WHEN number > number_allowed
            THEN 'the organisation has ' || number || ' super administrators, at most ' || number_allowed || ' are allowed'
        WHEN is_listed AND number <= number_allowed THEN 'on the approved list, and super administrators are few'
        ELSE 'not_collected'
    END AS reason
FROM judged

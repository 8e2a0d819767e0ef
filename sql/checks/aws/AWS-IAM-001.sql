/*
id: AWS-IAM-001
title: Root user protected by MFA (or root credentials removed centrally)
# That an organisation can remove its members' root credentials does not say that it did: the account's own summary
# decides alone, and what the organisation does only stands in the reason.
severity: critical
resource_type: aws.account
population: aws_account
streams: [aws.account]
freshness_hours: 36
unknown_when: >-
  The account summary was not read, or does not say whether the root user has a second factor and access keys.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.2, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
  pci_dss: ["8.4.1"]
remediation: >-
  Register a hardware or virtual MFA device for the root user, or remove the root credentials of member accounts
  centrally with AWS Organizations.
*/
SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN a.root_mfa_enabled THEN 'PASS'
        WHEN NOT a.root_has_password AND a.root_access_keys = 0 AND coalesce(a.root_signing_certificates, 0) = 0
        THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN a.root_mfa_enabled THEN 'the root user has a second factor'
        WHEN NOT a.root_has_password AND a.root_access_keys = 0 AND coalesce(a.root_signing_certificates, 0) = 0
        THEN
            CASE
                WHEN a.root_credentials_managed_centrally
                THEN 'the root user has no credentials (root access is managed centrally)'
                ELSE 'the root user has no credentials'
            END
        ELSE 'the root user has no second factor'
    END AS reason
FROM facts.aws_account AS a

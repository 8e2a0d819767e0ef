/*
id: AWS-EC2-001
title: Instances require the session-token metadata service
# A stopped instance is judged too; one that is gone is not.
severity: medium
resource_type: aws.ec2.instance
population: aws_ec2_instance
applies_to: "state NOT IN ('terminated', 'shutting-down')"
streams: [aws.ec2_instance]
freshness_hours: 36
unknown_when: Instances of the region were not read, or an instance does not say how its metadata service answers.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.9]
  nist_csf: [PR.PS-01]
  pci_dss: ["2.2.1"]
remediation: >-
  Set HttpTokens to required on the instance and in its launch template, after its software uses session tokens.
*/
SELECT
    i.tenant_id,
    i.resource_id,
    CASE WHEN i.metadata_endpoint = 'disabled' OR i.metadata_tokens = 'required' THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN i.metadata_endpoint = 'disabled' THEN 'the metadata service is off'
        WHEN i.metadata_tokens = 'required' THEN 'the metadata service asks for a session token'
        ELSE 'the metadata service answers without a session token'
    END AS reason
FROM facts.aws_ec2_instance AS i

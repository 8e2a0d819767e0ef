/*
id: AWS-NET-003
title: Default security groups carry no rules
severity: low
resource_type: aws.ec2.security_group
population: aws_ec2_security_group
applies_to: "group_name = 'default'"
streams: [aws.ec2_security_group]
freshness_hours: 36
unknown_when: Security groups of the region were not read, or a rule is not understood.
criteria:
  soc2: [CC6.6]
  iso27001: [A.8.9, A.8.22]
  nist_csf: [PR.IR-01]
  pci_dss: ["2.2.1"]
remediation: >-
  Remove every inbound and outbound rule of the default security group, and give its users groups of their own.
*/
SELECT
    g.tenant_id,
    g.resource_id,
    CASE WHEN g.inbound_rules + g.outbound_rules = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN g.inbound_rules + g.outbound_rules = 0 THEN 'the default group has no rules'
        ELSE 'the default group has ' || g.inbound_rules || ' inbound and ' || g.outbound_rules || ' outbound rules'
    END AS reason
FROM facts.aws_ec2_security_group AS g

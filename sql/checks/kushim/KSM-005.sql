/*
id: KSM-005
title: Population counts reconcile with an independent counter
severity: critical
resource_type: kushim.collection
population: kushim_unit
applies_to: declared_total IS NOT NULL
streams: [kushim.tenant]
freshness_hours: 36
unknown_when: Never. Where the source gives no count of its own the collection is not in this population.
criteria:
  soc2: [PI1.2, PI1.3]
  iso27001: [A.5.36]
  nist_csf: [ID.IM-03]
remediation: >-
  Compare the receipt's declared total with its records: a list that moved while it was read is read again, and a
  token that sees only a part of the population needs the missing permission.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN is_reconciled THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN is_reconciled THEN 'what was read agrees with the source''s own count'
        ELSE
            'the source declares ' || declared_total || ', ' || records || ' were read, ' || resources_unread || ' could not be'
    END AS reason
FROM facts.kushim_unit

/*
id: GH-CHG-004
title: Merged changes reference a change ticket
severity: low
resource_type: github.pull_request
population: github_pull_request_ticket
applies_to: NOT is_out_of_scope
streams: [github.pull_request, jira.issue]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope, github_authors_without_ticket]
unknown_when: >-
  The pull requests or the issues of Jira were denied, are not whole or are too old; there is no connection to Jira; or the
  pull request does not show its title and branch.
criteria:
  soc2: [CC8.1]
  iso27001: [A.8.32]
  nist_csf: [ID.RA-07]
  pci_dss: ["6.5.1"]
remediation: >-
  Name the key of the ticket (OPS-12) in the title, the branch or the text of the pull request, before it is merged. Name a
  robot whose changes need none in github_authors_without_ticket.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN NOT r.says_anything THEN 'UNKNOWN'
        WHEN r.tickets > 0 OR json_holds(p.github_authors_without_ticket, COALESCE(r.author, '')) THEN 'PASS'
        WHEN r.tickets = 0 THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT r.says_anything THEN 'incomplete'
        WHEN r.tickets > 0 THEN 'it names a ticket'
        WHEN json_holds(p.github_authors_without_ticket, COALESCE(r.author, '')) THEN 'of an author who needs no ticket'
        WHEN r.late_tickets > 0 THEN 'the ticket that it names was made after it was merged'
        WHEN r.tickets = 0 THEN 'it names no ticket that is known'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_pull_request_ticket AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id

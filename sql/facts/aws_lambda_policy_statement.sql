/*
table: aws_lambda_policy_statement
title: Statements of the policies of functions
# A document holds one statement or a list of them, and a statement's lists of one may be written as their only item.
streams: [aws.lambda_policy]
columns:
  function_arn: The function that the policy is on
  effect: Allow or Deny
  principal: Whom it is about, a star or an object of kinds with a text or a list each
  action: The actions it names, a text or a list
  resource: The resources it names, a text or a list
  condition: An object of operators, each with an object of keys and their values
  has_not_principal: Whether it is about everybody but some
  not_action: The actions it leaves out, where it names none
  not_resource: The resources it leaves out, where it names none
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    r.resource_id || '#' || row_number() OVER (
        PARTITION BY r.tenant_id, r.connection_id, r.resource_id ORDER BY md5(CAST(s.item AS VARCHAR))
    ) AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.resource_id AS function_arn,
    (s.item->>'Effect') AS effect,
    (s.item->'Principal') AS principal,
    (s.item->'Action') AS action,
    (s.item->'Resource') AS resource,
    (s.item->'Condition') AS condition,
    (s.item->>'NotPrincipal') IS NOT NULL AS has_not_principal,
    (s.item->'NotAction') AS not_action,
    (s.item->'NotResource') AS not_resource
FROM raw.record_asof AS r,
    LATERAL json_list(r.body->'Policy'->'Statement') AS s(item)
WHERE r.stream = 'aws.lambda_policy'

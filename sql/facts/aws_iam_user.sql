/*
table: aws_iam_user
title: IAM users, with the policies that are on them and not on a group or role
# IAM leaves UserPolicyList out for a user without a policy of their own; anything but a list there is not understood.
streams: [aws.iam_user]
required: [user_name, attached_policies, inline_policies]
columns:
  attached_policies: How many managed policies are attached to the user
  inline_policies: How many policies are written into the user
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'UserName') AS user_name,
    CASE
        WHEN json_is_array(r.body->'AttachedManagedPolicies')
        THEN (SELECT count(*) FROM json_items(r.body->'AttachedManagedPolicies') AS a(item))
    END AS attached_policies,
    CASE
        WHEN (r.body->>'UserPolicyList') IS NULL THEN 0
        WHEN json_is_array(r.body->'UserPolicyList')
        THEN (SELECT count(*) FROM json_items(r.body->'UserPolicyList') AS i(item))
    END AS inline_policies
FROM raw.record_asof AS r
WHERE r.stream = 'aws.iam_user'

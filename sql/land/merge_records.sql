-- Turn the staged collections into versions. Staged are only collections whose listing is whole, one a unit, so what is
-- absent from the stage is gone at the source; from a delta, only what it names as gone is. A resource that could not be
-- read this time keeps its open version.

UPDATE raw.record AS r
SET valid_to = u.collected_at
FROM stage_unit AS u
WHERE r.valid_to IS NULL
    AND NOT u.is_delta
    AND r.tenant_id = u.tenant_id
    AND r.connection_id = u.connection_id
    AND r.stream = u.stream
    AND r.scope = u.scope
    AND NOT EXISTS (
        SELECT 1
        FROM stage_record AS s
        WHERE s.tenant_id = r.tenant_id
            AND s.connection_id = r.connection_id
            AND s.stream = r.stream
            AND s.scope = r.scope
            AND s.resource_id = r.resource_id
            AND s.content_hash = r.content_hash
    )
    AND NOT EXISTS (
        SELECT 1
        FROM stage_unread AS k
        WHERE k.tenant_id = r.tenant_id
            AND k.connection_id = r.connection_id
            AND k.stream = r.stream
            AND k.scope = r.scope
            AND k.resource_id = r.resource_id
    );

UPDATE raw.record AS r
SET valid_to = u.collected_at
FROM stage_unit AS u
JOIN (
    SELECT s.tenant_id, s.connection_id, s.stream, s.scope, s.resource_id, s.content_hash
    FROM stage_record AS s
    UNION ALL
    SELECT g.tenant_id, g.connection_id, g.stream, g.scope, g.resource_id, NULL AS content_hash
    FROM stage_gone AS g
) AS n
    ON n.tenant_id = u.tenant_id AND n.connection_id = u.connection_id AND n.stream = u.stream AND n.scope = u.scope
WHERE r.valid_to IS NULL
    AND u.is_delta
    AND r.tenant_id = u.tenant_id
    AND r.connection_id = u.connection_id
    AND r.stream = u.stream
    AND r.scope = u.scope
    AND r.resource_id = n.resource_id
    AND (n.content_hash IS NULL OR n.content_hash <> r.content_hash);

INSERT INTO raw.record (
    tenant_id, connection_id, source, account_id, stream, scope, resource_id, content_hash, body, evidence_sha256,
    observed_at, collected_at, valid_from, valid_to, recorded_at
)
SELECT
    s.tenant_id, s.connection_id, u.source, u.account_id, s.stream, s.scope, s.resource_id, s.content_hash, s.body,
    s.evidence_sha256, s.observed_at, u.collected_at, u.collected_at, NULL, current_timestamp
FROM stage_record AS s
JOIN stage_unit AS u
    ON u.tenant_id = s.tenant_id AND u.connection_id = s.connection_id AND u.stream = s.stream AND u.scope = s.scope
WHERE NOT EXISTS (
    SELECT 1
    FROM raw.record AS r
    WHERE r.valid_to IS NULL
        AND r.tenant_id = s.tenant_id
        AND r.connection_id = s.connection_id
        AND r.stream = s.stream
        AND r.scope = s.scope
        AND r.resource_id = s.resource_id
);

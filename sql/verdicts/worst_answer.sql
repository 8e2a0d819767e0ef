-- One check that answered several times for one resource: its worst answer counts, FAIL before UNKNOWN before PASS.

CREATE TEMPORARY TABLE worst AS
SELECT DISTINCT ON (s.tenant_id, s.connection_id, s.resource_id) s.*
FROM stage_verdict AS s
WHERE s.check_id = '{{check_id}}'
ORDER BY
    s.tenant_id, s.connection_id, s.resource_id,
    CASE s.status WHEN 'FAIL' THEN 1 WHEN 'PASS' THEN 3 ELSE 2 END,
    s.reason;

DELETE FROM stage_verdict WHERE check_id = '{{check_id}}';
INSERT INTO stage_verdict SELECT w.* FROM worst AS w;
DROP TABLE worst;

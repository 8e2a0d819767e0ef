-- Tenants and their frameworks as the marts read them: facts.* is made anew by every build, this stays.

DELETE FROM verdict.tenant;
INSERT INTO verdict.tenant SELECT t.tenant_id, t.name FROM facts.kushim_tenant AS t WHERE t.unreadable IS NULL;

DELETE FROM verdict.tenant_framework;
INSERT INTO verdict.tenant_framework
SELECT DISTINCT t.tenant_id, json_text(i.item)
FROM facts.kushim_tenant AS t, LATERAL json_items(t.frameworks) AS i(item);

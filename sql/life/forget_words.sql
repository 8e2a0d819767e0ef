-- What the engine said when it refused a check may quote a value of any tenant.
UPDATE verdict.evaluated_check
SET error = 'the engine refused this check; its words went when a tenant was forgotten'
WHERE error IS NOT NULL

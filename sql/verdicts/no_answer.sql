-- All checks at once: what is neither PASS nor FAIL is UNKNOWN. A check may say why in one of the words; no answer, another
-- status or another word is `incomplete`.

UPDATE stage_verdict
SET status = 'UNKNOWN',
    reason = CASE
        WHEN status = 'UNKNOWN' AND reason IN (SELECT w.reason FROM verdict.reason AS w) THEN reason ELSE 'incomplete'
    END
WHERE status IS NULL OR status NOT IN ('PASS', 'FAIL');

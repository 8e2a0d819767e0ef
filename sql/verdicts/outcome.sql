-- What an evaluation did: verdicts given, intervals opened and closed, those without length not counted.
SELECT
    (SELECT count(*) FROM stage_verdict) AS results,
    (
        SELECT count(*)
        FROM verdict.check_result AS o
        CROSS JOIN ops.clock AS c
        WHERE o.valid_to IS NULL AND o.valid_from = c.as_of AND o.recorded_at = current_timestamp
    ) + (SELECT count(*) FROM stage_closing AS k WHERE k.ran_out)
    - (SELECT count(*) FROM stage_closing AS k WHERE k.ended_at <= k.valid_from) AS opened,
    (SELECT count(*) FROM stage_closing AS k WHERE k.ended_at > k.valid_from) AS closed

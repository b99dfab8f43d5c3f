-- What failed in one build?
SELECT suite, name, outcome, message_id
FROM raw.outcome
WHERE build_id = {build_id} AND outcome NOT IN ('passed', 'skipped')
ORDER BY suite, name

-- Changes whose message names another change
-- "This reverts commit REVISION" takes it back; a line "Fixes: REVISION" says that it was broken. The first of each
-- kind in a message is read.
-- Grain: one row per change and way of naming
-- project: the project
-- revision: the change that names
-- committed_at: when it was committed
-- named_revision: the change that is named, or the beginning of its id
-- rule: revert or fixes_trailer
WITH naming AS (
    SELECT
        project, revision, committed_at, 'revert' AS rule,
        regexp_match(message, 'This reverts commit ([0-9A-Za-z]+)')[1] AS named_revision
    FROM raw.change
    WHERE strpos(message, 'This reverts commit ') > 0
    UNION ALL
    SELECT
        project, revision, committed_at, 'fixes_trailer' AS rule,
        regexp_match(message, '(?m)^Fixes:? ([0-9A-Za-z]+)')[1] AS named_revision
    FROM raw.change
    WHERE strpos(message, 'Fixes') > 0
)
SELECT project, revision, committed_at, named_revision, rule
FROM naming
WHERE named_revision IS NOT NULL AND named_revision <> revision

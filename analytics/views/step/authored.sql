-- Changes with the person who wrote them
-- Identities are joined to people; an unknown author stands for itself.
-- Grain: one row per change
-- change_id: hash of project and revision
-- project: the project
-- revision: commit id
-- parents: commit ids of the parents, first parent first
-- committed_at: when it was committed
-- subject: first line of the message
-- message: failure text
-- author_id: hash of the author's address; joins raw.identity
-- person_id: the person
-- author: name of the author
-- team: the person's team
-- is_bot: a robot by the people table, or by a name that ends in [bot]
-- is_merge: it has several parents
-- file_count: files touched
SELECT
    c.change_id, c.project, c.revision, c.parents, c.committed_at, c.subject, c.message, c.author_id,
    coalesce(i.person_id, c.author_id) AS person_id,
    coalesce(p.name, c.author_name) AS author,
    p.team,
    coalesce(p.is_bot, false) OR c.author_name LIKE '%[bot]' AS is_bot,
    coalesce(cardinality(c.parents), 0) > 1 AS is_merge,
    CAST(coalesce(cardinality(c.files), 0) AS BIGINT) AS file_count
FROM raw.change AS c
LEFT JOIN raw.identity AS i ON i.identity_id = c.author_id
LEFT JOIN raw.person AS p ON p.person_id = i.person_id

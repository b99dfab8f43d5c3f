-- Queries that people keep; what they mean is in their texts.
CREATE TABLE saved_query (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    owner TEXT NOT NULL,
    saved_at INTEGER NOT NULL
) WITHOUT ROWID;

-- What became of the queries that are asked by themselves: when they were last asked and at which version, whether their
-- alert is raised, and since when it is as it is.
CREATE TABLE query_watch (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    is_raised INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    error TEXT
) WITHOUT ROWID;

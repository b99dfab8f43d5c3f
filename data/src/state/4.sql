-- What was let go of a lane: outcomes up to a position that came up to a batch are no facts any more, whether or not
-- their rows are gone yet. What is known of them stays.
CREATE TABLE retention (
    project TEXT NOT NULL,
    branch TEXT NOT NULL,
    builder TEXT NOT NULL,
    batch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    outcome_count INTEGER NOT NULL,
    dropped_at INTEGER NOT NULL,
    PRIMARY KEY (project, branch, builder)
) WITHOUT ROWID;

-- When each known change was committed: the day on which outcomes are counted.
CREATE TABLE committed (change_id INTEGER PRIMARY KEY, committed_at INTEGER NOT NULL);

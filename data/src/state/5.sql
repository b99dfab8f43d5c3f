-- What evidence against a change is worth in a project, as `annals train` learnt it; without rows the shipped weights
-- hold, and rows of another version of the rule are not read.
CREATE TABLE learnt_weight (
    project TEXT NOT NULL,
    evidence TEXT NOT NULL,
    weight REAL NOT NULL,
    rule_version INTEGER NOT NULL,
    learnt_at INTEGER NOT NULL,
    PRIMARY KEY (project, evidence)
) WITHOUT ROWID;

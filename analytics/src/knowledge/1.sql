-- The newest batch of facts that is folded in.
CREATE TABLE watermark (batch INTEGER NOT NULL);
INSERT INTO watermark VALUES (0);

-- One builder on one branch of one project; version grows with every change of its streaks.
CREATE TABLE lane (
    lane_id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    branch TEXT NOT NULL,
    builder TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE series (
    series_id INTEGER PRIMARY KEY,
    lane_id INTEGER NOT NULL REFERENCES lane,
    test_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    suite TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE INDEX series_of_lane ON series (lane_id);

-- Runs of equal verdicts; first_at and last_at are the builds' started_at, else finished_at, else ingested_at.
CREATE TABLE streak (
    series_id INTEGER NOT NULL REFERENCES series,
    first_position INTEGER NOT NULL,
    first_at INTEGER,
    first_build_id INTEGER NOT NULL,
    first_revision TEXT NOT NULL,
    last_position INTEGER NOT NULL,
    last_at INTEGER,
    last_build_id INTEGER NOT NULL,
    last_revision TEXT NOT NULL,
    verdict TEXT NOT NULL,
    position_count INTEGER NOT NULL,
    passed_count INTEGER NOT NULL,
    failed_count INTEGER NOT NULL,
    skipped_count INTEGER NOT NULL,
    message_id INTEGER,
    PRIMARY KEY (series_id, first_position)
) WITHOUT ROWID;

-- Builds whose outcomes give no verdicts, by which rule, and what the rule saw.
CREATE TABLE excluded_build (build_id INTEGER PRIMARY KEY, rule TEXT NOT NULL, detail TEXT);

-- Blamelists: the changes between a last good and a first bad revision.
CREATE TABLE range (
    range_id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    good_revision TEXT NOT NULL,
    bad_revision TEXT NOT NULL,
    change_count INTEGER NOT NULL,
    is_complete INTEGER NOT NULL
);
CREATE TABLE range_change (
    range_id INTEGER NOT NULL REFERENCES range,
    ordinal INTEGER NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (range_id, ordinal)
) WITHOUT ROWID;

-- What the range of a problem was, each time that it changed.
CREATE TABLE range_history (
    series_id INTEGER NOT NULL,
    bad_position INTEGER NOT NULL,
    good_position INTEGER NOT NULL,
    good_revision TEXT NOT NULL,
    bad_revision TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (series_id, bad_position, good_position)
) WITHOUT ROWID;

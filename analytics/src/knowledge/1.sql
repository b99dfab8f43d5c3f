-- The newest batch of facts that is folded in; version grows with every fold.
CREATE TABLE watermark (batch INTEGER NOT NULL, version INTEGER NOT NULL);
INSERT INTO watermark VALUES (0, 0);

-- The files of streaks that count, and a bitmap of the rows in each that do not count any more.
CREATE TABLE segment (
    name TEXT PRIMARY KEY,
    is_closed INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    size INTEGER NOT NULL,
    dead BLOB NOT NULL
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

-- Notes may say which change broke a test: `broken_by`, whose text begins with the revision, or with `nobody`; and that a
-- problem fails as those of a cluster do (`same_as`, the cluster's id), or as no other (`apart`);
-- and that a series had another name before (`renamed_from`, the older series' id).
CREATE TABLE note_new (
    note_id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN (
            'acknowledge', 'assign', 'mute', 'quarantine', 'comment', 'fixed_by', 'broken_by', 'same_as', 'apart',
            'renamed_from'
        )),
    person_id INTEGER REFERENCES person,
    text TEXT NOT NULL DEFAULT '',
    until INTEGER,
    noted_at INTEGER NOT NULL
);
INSERT INTO note_new SELECT note_id, series_id, first_position, kind, person_id, text, until, noted_at FROM note;
DROP TABLE note;
ALTER TABLE note_new RENAME TO note;

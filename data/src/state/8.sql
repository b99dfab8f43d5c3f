-- Notes may move problems between incidents: `joins`, whose text is an incident, takes there all problems of the range in
-- which the noted one began; `leaves` takes only the noted one away, to the incident of its text or to one of its own.
CREATE TABLE note_new (
    note_id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN (
            'acknowledge', 'assign', 'mute', 'quarantine', 'comment', 'fixed_by', 'broken_by', 'same_as', 'apart',
            'renamed_from', 'joins', 'leaves'
        )),
    person_id INTEGER REFERENCES person,
    text TEXT NOT NULL DEFAULT '',
    until INTEGER,
    noted_at INTEGER NOT NULL
);
INSERT INTO note_new SELECT note_id, series_id, first_position, kind, person_id, text, until, noted_at FROM note;
DROP TABLE note;
ALTER TABLE note_new RENAME TO note;

-- What hunts for culprits came to. Hunts of one lane share their builds: those that began at one time are one round.
CREATE TABLE bisection (
    bisection_id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL,
    opened_position INTEGER NOT NULL,
    good_revision TEXT NOT NULL,
    is_automatic INTEGER NOT NULL,
    finding TEXT NOT NULL CHECK (finding IN ('culprit', 'nobody', 'undecided', 'interrupted')),
    revision TEXT,
    suspect_count INTEGER NOT NULL,
    build_count INTEGER NOT NULL,
    plain_build_count INTEGER NOT NULL,
    round_build_count INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
);

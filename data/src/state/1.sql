-- What the store has: ids of changes, builds and failure texts that are in the fact tables.
CREATE TABLE known (kind TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;

-- Published versions of the fact tables, newest last; readers use the newest.
CREATE TABLE publication (
    publication_id INTEGER PRIMARY KEY AUTOINCREMENT,
    batch INTEGER NOT NULL,
    versions TEXT NOT NULL,
    published_at INTEGER NOT NULL
);

-- Counts the changes of what people enter, so that sessions know when to be renewed.
CREATE TABLE revision (number INTEGER NOT NULL);
INSERT INTO revision VALUES (0);

CREATE TABLE person (
    person_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    team TEXT,
    is_bot INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE identity (
    identity_id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES person,
    name TEXT NOT NULL,
    email TEXT NOT NULL
);
CREATE TABLE module_owner (
    project TEXT NOT NULL,
    pattern TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES person,
    PRIMARY KEY (project, pattern, person_id)
) WITHOUT ROWID;
CREATE TABLE subscription (
    person_id INTEGER NOT NULL REFERENCES person,
    project TEXT NOT NULL,
    pattern TEXT NOT NULL,
    PRIMARY KEY (person_id, project, pattern)
) WITHOUT ROWID;
CREATE TABLE note (
    note_id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('acknowledge', 'assign', 'mute', 'quarantine', 'comment', 'fixed_by')),
    person_id INTEGER REFERENCES person,
    text TEXT NOT NULL DEFAULT '',
    until INTEGER,
    noted_at INTEGER NOT NULL
);
CREATE TABLE setting (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;

-- Messages to people: written once per (kind, incident, person), delivered at least once, recorded per try.
CREATE TABLE outbox (
    outbox_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES person,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    evidence TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    delivered_at INTEGER,
    UNIQUE (kind, incident_id, person_id)
);
CREATE TABLE delivery (
    delivery_id INTEGER PRIMARY KEY,
    outbox_id INTEGER NOT NULL REFERENCES outbox,
    tried_at INTEGER NOT NULL,
    error TEXT
);

-- Since when mail is sent without being asked for: what happened before is history.
CREATE TABLE mail_since (since INTEGER NOT NULL);

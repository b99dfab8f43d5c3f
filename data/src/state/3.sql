-- Who may ask: by HTTP and Flight with the token itself, which is found by its hash; by Postgres with the name and the
-- token as password, of which the verifier of SCRAM-SHA-256 is kept (RFC 5802: the salted password and its salt).
CREATE TABLE reader (
    reader_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('public', 'private')),
    hash BLOB NOT NULL UNIQUE,
    salt BLOB NOT NULL,
    verifier BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER
);
-- A name says who it is, so two cannot share it at one time.
CREATE UNIQUE INDEX reader_name ON reader (name) WHERE revoked_at IS NULL;

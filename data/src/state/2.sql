-- Who may send reports: only the hash of a token is kept; without a project it is for all of them.
CREATE TABLE token (
    token_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    project TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER
);

-- The first parent of each known change, and the positions that builds gave to revisions: from both follows the
-- position of a revision whose sender does not know it.
CREATE TABLE line (change_id INTEGER PRIMARY KEY, parent_id INTEGER);
CREATE TABLE place (place_id INTEGER PRIMARY KEY, position INTEGER NOT NULL);

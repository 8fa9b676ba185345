-- Who may send signed requests.
CREATE TABLE access_keys (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    -- What people call it by.
    name TEXT NOT NULL UNIQUE,
    -- The secret, encrypted by a key that is not in this file.
    sealed_secret BLOB NOT NULL,
    -- A JSON list: names of ready policies, and IAM policy documents.
    policies TEXT NOT NULL,
    -- Epoch milliseconds.
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    -- Since when nobody may sign with it; NULL while it is good.
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

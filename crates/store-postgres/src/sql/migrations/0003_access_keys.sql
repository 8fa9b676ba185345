-- Who may send signed requests.
CREATE TABLE lambdura.access_keys (
    account_id text COLLATE "C" NOT NULL,
    access_key_id text COLLATE "C" NOT NULL,
    -- What people call it by.
    name text COLLATE "C" NOT NULL,
    -- The secret, encrypted by a key that is not in this database.
    sealed_secret bytea NOT NULL,
    -- A JSON list: names of ready policies, and IAM policy documents.
    policies text NOT NULL,
    -- Epoch milliseconds.
    created_at bigint NOT NULL,
    rotated_at bigint NOT NULL,
    -- Since when nobody may sign with it; NULL while it is good.
    disabled_at bigint,
    PRIMARY KEY (account_id, access_key_id),
    UNIQUE (account_id, name)
);

-- Raised by every change, so that servers see when their copies are old.
CREATE TABLE lambdura.access_key_revisions (
    account_id text COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint NOT NULL
);

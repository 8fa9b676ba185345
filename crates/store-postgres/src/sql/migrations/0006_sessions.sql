-- Who is signed in to the console: by the hash of the cookie.
CREATE TABLE lambdura.sessions (
    account_id text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,
    -- An access key, or a person with policies: JSON.
    who text NOT NULL,
    -- Epoch milliseconds.
    until_at bigint NOT NULL,
    PRIMARY KEY (account_id, hash)
);

-- Secrets that all servers have to know, encrypted by a key that is not in this database.
CREATE TABLE lambdura.shared_secrets (
    account_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (account_id, name)
);

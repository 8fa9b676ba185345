-- The stacks that were deployed, for servers that start later.
CREATE TABLE lambdura.stacks (
    account_id text COLLATE "C" NOT NULL,
    stack_name text COLLATE "C" NOT NULL,
    -- SHA-256 of its bundle, which lies in `code_blobs`.
    bundle text COLLATE "C" NOT NULL,
    deployed_at bigint NOT NULL,
    PRIMARY KEY (account_id, stack_name)
);

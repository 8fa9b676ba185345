-- Keeps an archive. What has the name has the content, unless it was damaged.
INSERT INTO
    lambdura.code_blobs (account_id, hash, archive)
VALUES
    ($1, $2, $3)
ON CONFLICT (account_id, hash) DO UPDATE
SET
    archive = EXCLUDED.archive,
    stored_at = now()

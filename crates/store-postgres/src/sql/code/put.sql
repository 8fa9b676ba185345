-- Keeps an archive; what has the name has the content.
INSERT INTO
    lambdura.code_blobs (account_id, hash, archive)
VALUES
    ($1, $2, $3)
ON CONFLICT (account_id, hash) DO NOTHING

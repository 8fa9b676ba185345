-- Keeps a secret, unless there is one already; $4 is replaced where that is the one that is kept.
INSERT INTO
    lambdura.shared_secrets AS kept (account_id, name, sealed)
VALUES
    ($1, $2, $3)
ON CONFLICT (account_id, name) DO UPDATE
SET
    sealed = CASE WHEN kept.sealed = $4 THEN excluded.sealed ELSE kept.sealed END
RETURNING
    sealed

-- Says that the catalogue changes.
INSERT INTO
    lambdura.catalogue_revisions (account_id, revision)
VALUES
    ($1, 1)
ON CONFLICT (account_id) DO UPDATE
SET
    revision = catalogue_revisions.revision + 1

-- Raised by each change of the catalogue.
SELECT
    revision
FROM
    lambdura.catalogue_revisions
WHERE
    account_id = $1

-- Records a stack, in the place of the one of its name, unless another one was changed since.
WITH
    raised AS (
        INSERT INTO
            lambdura.stack_revisions (account_id, revision)
        VALUES
            ($1, 1)
        ON CONFLICT (account_id) DO UPDATE
        SET
            revision = stack_revisions.revision + 1
        WHERE
            stack_revisions.revision = $2
        RETURNING
            revision
    )
INSERT INTO
    lambdura.stacks (account_id, stack_name, document, deployed_at)
SELECT
    $1, $3, $4, $5
FROM
    raised
ON CONFLICT (account_id, stack_name) DO UPDATE
SET
    document = excluded.document,
    deployed_at = excluded.deployed_at
RETURNING
    stack_name

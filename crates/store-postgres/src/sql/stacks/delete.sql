-- Forgets a stack, unless another one was changed since.
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
    ),
    forgotten AS (
        DELETE FROM lambdura.stacks
        WHERE
            account_id = $1
            AND stack_name = $3
            AND EXISTS (
                SELECT
                FROM
                    raised
            )
    )
SELECT
    revision
FROM
    raised

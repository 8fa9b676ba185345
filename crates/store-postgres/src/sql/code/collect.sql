-- Forgets archives that nothing names and that nobody has put or asked for lately. Where somebody does so at this moment,
-- one waits for the other: an archive that was used first has a new time then, and stays.
DELETE FROM lambdura.code_blobs AS blob
WHERE
    blob.account_id = $1
    AND blob.stored_at <= now() - make_interval(secs => $2)
    AND NOT EXISTS (
        SELECT
            1
        FROM
            lambdura.function_versions AS version
        WHERE
            version.account_id = blob.account_id
            AND right(version.code_dir, length(blob.hash)) = blob.hash
    )
    -- Also one that another server has not completed.
    AND NOT EXISTS (
        SELECT
            1
        FROM
            lambdura.stacks AS stack
        WHERE
            stack.account_id = blob.account_id
            AND strpos(stack.document, blob.hash) > 0
    )
RETURNING
    blob.hash

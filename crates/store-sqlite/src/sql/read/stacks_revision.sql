-- The revision of the stacks.
SELECT
    revision
FROM
    deployed_stacks_revision;

-- Begins a change of a stack, unless another one was made since.
UPDATE deployed_stacks_revision
SET
    revision = revision + 1
WHERE
    revision = ?1;

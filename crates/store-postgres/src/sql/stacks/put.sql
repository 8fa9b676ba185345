-- Records a stack, in the place of the one of its name.
INSERT INTO
    lambdura.stacks (account_id, stack_name, bundle, deployed_at)
VALUES
    ($1, $2, $3, $4)
ON CONFLICT (account_id, stack_name) DO UPDATE
SET
    bundle = excluded.bundle,
    deployed_at = excluded.deployed_at

-- Records a stack, in the place of the one of its name.
INSERT INTO
    deployed_stacks (stack_name, document, deployed_at)
VALUES
    (?1, ?2, ?3)
ON CONFLICT DO UPDATE
SET
    document = excluded.document,
    deployed_at = excluded.deployed_at;

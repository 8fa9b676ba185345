-- How far a schedule has come.
INSERT INTO
    lambdura.schedule_marks (account_id, schedule_arn, definition, done_until)
VALUES
    ($1, $2, $3, $4)
ON CONFLICT (account_id, schedule_arn) DO UPDATE
SET
    definition = excluded.definition,
    done_until = excluded.done_until

-- How far a schedule has come.
INSERT INTO
    schedule_marks (schedule_arn, definition, done_until)
VALUES
    (?1, ?2, ?3)
ON CONFLICT DO UPDATE
SET
    definition = excluded.definition,
    done_until = excluded.done_until;

-- Forgets a schedule.
DELETE FROM lambdura.schedule_marks
WHERE
    account_id = $1
    AND schedule_arn = $2

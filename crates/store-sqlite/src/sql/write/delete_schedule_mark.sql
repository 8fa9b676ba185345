-- Forgets a schedule.
DELETE FROM schedule_marks
WHERE
    schedule_arn = ?1;

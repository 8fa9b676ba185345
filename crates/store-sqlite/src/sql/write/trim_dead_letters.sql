-- Drops the oldest dead letters, so that a function that always fails does not fill the disk.
DELETE FROM dead_letters
WHERE
    dead_letter_id <= ?1;

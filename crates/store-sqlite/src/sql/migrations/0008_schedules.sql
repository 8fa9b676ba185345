-- How far each schedule has come, so that an occurrence is made up for, once.
CREATE TABLE schedule_marks (
    schedule_arn TEXT NOT NULL PRIMARY KEY,
    -- What it was like; a schedule that is changed begins anew.
    definition TEXT NOT NULL,
    -- Epoch milliseconds: occurrences up to here are done with.
    done_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

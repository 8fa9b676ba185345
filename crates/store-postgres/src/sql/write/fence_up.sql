-- Puts a writer's fence up, or moves it on: waits for a transaction of its that is under way, and keeps one that has not
-- come so far from being committed. Says which batch is there.
INSERT INTO
    lambdura.writers (account_id, writer_id, epoch, batch)
VALUES
    ($1, $2, 1, 0)
ON CONFLICT (account_id, writer_id) DO UPDATE
SET
    epoch = writers.epoch + 1
RETURNING
    epoch,
    batch

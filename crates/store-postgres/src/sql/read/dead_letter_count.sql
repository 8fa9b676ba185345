-- How many dead letters there are.
SELECT count(*) FROM lambdura.dead_letters WHERE account_id = $1

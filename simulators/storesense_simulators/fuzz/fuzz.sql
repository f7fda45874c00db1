-- name: dead_letter_stages
SELECT array_agg(stage) FROM dead_letters

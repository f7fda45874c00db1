-- The outbox on disk. A message's number is boot_no * 2^40 + seq: one key that is unique, never reused and in order of
-- age, so that acks, drops and reads are all range scans.

-- name: configure
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 8000000;
PRAGMA foreign_keys = ON;

-- name: schema
CREATE TABLE IF NOT EXISTS boots (
    boot_no INTEGER PRIMARY KEY AUTOINCREMENT,
    boot_id TEXT NOT NULL UNIQUE,
    started_at_us INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    message_no INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    readings_json BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_heatmap ON messages (message_no) WHERE stream = 'heatmap';
CREATE TABLE IF NOT EXISTS drops (
    drop_no INTEGER PRIMARY KEY AUTOINCREMENT,
    boot_no INTEGER NOT NULL REFERENCES boots,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS commands (
    command_no INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    is_over INTEGER NOT NULL DEFAULT 0
);
CREATE VIEW IF NOT EXISTS messages_by_boot AS
SELECT b.boot_id, m.message_no & 1099511627775 AS seq, m.stream, m.created_at_us, m.bytes, m.readings_json
FROM messages AS m JOIN boots AS b ON b.boot_no = m.message_no >> 40;

-- name: quick_check
PRAGMA quick_check(1);

-- name: prune_boots
DELETE FROM boots
WHERE NOT EXISTS (
    SELECT 1 FROM messages AS m WHERE m.message_no BETWEEN boots.boot_no << 40 AND ((boots.boot_no + 1) << 40) - 1
) AND NOT EXISTS (SELECT 1 FROM drops AS d WHERE d.boot_no = boots.boot_no);

-- name: insert_boot
INSERT INTO boots (boot_no, boot_id, started_at_us) VALUES (?, ?, ?);

-- name: boots
SELECT boot_no, boot_id FROM boots;

-- name: totals
SELECT count(*), coalesce(sum(bytes), 0) FROM messages;

-- name: insert_message
INSERT OR IGNORE INTO messages (message_no, stream, created_at_us, bytes, readings_json) VALUES (?, ?, ?, ?, ?);

-- name: range_totals
SELECT count(*), coalesce(sum(bytes), 0) FROM messages WHERE message_no BETWEEN ? AND ?;

-- name: delete_range
DELETE FROM messages WHERE message_no BETWEEN ? AND ?;

-- name: read
SELECT message_no, stream, created_at_us, readings_json FROM messages
WHERE message_no > ? AND message_no < ? ORDER BY message_no LIMIT ?;

-- name: oldest
SELECT message_no, bytes, created_at_us FROM messages ORDER BY message_no LIMIT ?;

-- name: oldest_heatmaps
SELECT message_no, bytes, created_at_us FROM messages WHERE stream = 'heatmap' ORDER BY message_no LIMIT ?;

-- name: delete_message
DELETE FROM messages WHERE message_no = ?;

-- name: insert_drop
INSERT INTO drops (boot_no, first_seq, last_seq, reason) VALUES (?, ?, ?, ?);

-- name: drops
SELECT drop_no, boot_no, first_seq, last_seq, reason FROM drops ORDER BY drop_no;

-- name: delete_drop
DELETE FROM drops WHERE drop_no = ?;

-- name: take_command
INSERT OR IGNORE INTO commands (command_id, kind) VALUES (?, ?);

-- name: end_command
UPDATE commands SET is_over = 1 WHERE command_id = ?;

-- name: open_commands
SELECT command_id, kind FROM commands WHERE NOT is_over ORDER BY command_no;

-- name: forget_commands
-- The newest are kept: what may still come again is a day old at most.
DELETE FROM commands WHERE is_over AND command_no <= (SELECT max(command_no) FROM commands) - ?;

-- name: free_pages
PRAGMA freelist_count;

-- name: shrink
PRAGMA incremental_vacuum(2000);

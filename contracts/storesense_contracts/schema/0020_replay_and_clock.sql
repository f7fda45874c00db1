-- Dead letters that are replayed after a fix, and what a device knows of its clock.

-- A replay is asked for here and done by a gateway, which alone can read messages. replay_outcome says what came of it;
-- replayed_at is set in the transaction that stored the readings, so a letter is replayed once.
ALTER TABLE dead_letters
    ADD COLUMN replay_requested_at timestamptz,
    ADD COLUMN replay_requested_by text,
    ADD COLUMN replay_shift_ms bigint,
    ADD COLUMN replay_outcome text,
    ADD COLUMN replayed_at timestamptz;
CREATE INDEX dead_letters_to_replay ON dead_letters (dead_letter_id) WHERE replay_requested_at IS NOT NULL;

-- How far the gateway's clock is ahead of the device's, milliseconds; null while the device does not know.
ALTER TABLE health_readings ADD COLUMN clock_offset_ms bigint;

-- What has been committed, in which order, and what could not be read.

-- The row lock on `head` makes number order commit order. Numbers of partition p lie in p * 2^40 .. (p + 1) * 2^40 - 1,
-- so one column names a batch anywhere.
CREATE TABLE partitions (
    partition_no smallint PRIMARY KEY CHECK (partition_no >= 0),
    head bigint NOT NULL,
    head_at timestamptz
);

-- The ledger: which seq of which boot is in the database. Holes below the upper end are gaps.
CREATE TABLE device_boots (
    boot_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL,
    device_id text NOT NULL,
    boot_id text NOT NULL,
    committed int8multirange NOT NULL DEFAULT '{}',
    first_received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    UNIQUE (store_id, device_id, boot_id)
) WITH (fillfactor = 50);

-- What a device said it dropped. The range is in `committed` too, since it will never come.
CREATE TABLE declared_gaps (
    boot_no integer NOT NULL REFERENCES device_boots ON DELETE CASCADE,
    seqs int8range NOT NULL,
    reason text NOT NULL,
    declared_at timestamptz NOT NULL,
    PRIMARY KEY (boot_no, seqs)
);

CREATE TABLE dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    batch_no bigint NOT NULL,
    topic text NOT NULL,
    stage text NOT NULL,
    reason text NOT NULL,
    store_id text,
    device_id text,
    boot_id text,
    seq bigint,
    idx smallint,
    payload bytea NOT NULL,
    payload_bytes bigint NOT NULL
);
CREATE INDEX dead_letters_received_at ON dead_letters (received_at);
CREATE INDEX dead_letters_store ON dead_letters (store_id, dead_letter_id);

-- Where each follower of the data stands; saved in the same transaction as what it derived.
CREATE TABLE follower_cursors (
    follower text NOT NULL,
    partition_no smallint NOT NULL,
    batch_no bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower, partition_no)
);

-- What was advised about the staffed lanes of a store, a row a minute at most, beside what was done: lanes_open is what was open
-- then. lanes_now, lanes_15 and lanes_30 are advised for now, in 15 and in 30 minutes. outlooks holds expected waits with and
-- without the change, with intervals; queue_id is the queue that the rules on lanes are told at.
CREATE TABLE staffing_advice (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    made_at timestamptz NOT NULL,
    queue_id text NOT NULL,
    people integer NOT NULL CHECK (people >= 0),
    lanes_open integer NOT NULL CHECK (lanes_open >= 0),
    lanes_now integer NOT NULL CHECK (lanes_now >= 0),
    lanes_15 integer NOT NULL CHECK (lanes_15 >= 0),
    lanes_30 integer NOT NULL CHECK (lanes_30 >= 0),
    arrivals_15 real NOT NULL,
    arrivals_30 real NOT NULL,
    outlooks jsonb NOT NULL,
    PRIMARY KEY (store_id, made_at)
);

-- The public key by which push services know this installation; its private half is in a file of the delivery worker.
CREATE TABLE push_keys (
    public_key text PRIMARY KEY,
    made_at timestamptz NOT NULL
);

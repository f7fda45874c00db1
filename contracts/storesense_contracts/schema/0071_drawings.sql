-- What is drawn of a store, in versions: lines, zones, lanes, queues, places of slots, and what each camera sees of them.

CREATE TABLE drawing_versions (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    version integer NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT now(),
    entered_by text NOT NULL,
    source text NOT NULL CHECK (source IN ('registration', 'api')),
    note text,
    drawing jsonb NOT NULL,
    PRIMARY KEY (store_id, version)
);

-- The version that stores.layout shows.
ALTER TABLE stores ADD COLUMN drawing_version integer;

-- Stores from before: what their layout says. What cameras see is known with the next registration.
INSERT INTO drawing_versions (store_id, version, entered_at, entered_by, source, drawing)
SELECT
    store_id, 1, updated_at, 'registration', 'registration',
    jsonb_build_object(
        'lines', coalesce(layout -> 'lines', '[]'), 'zones', coalesce(layout -> 'zones', '[]'),
        'lanes', coalesce(layout -> 'lanes', '[]'), 'queues', coalesce(layout -> 'queues', '[]'),
        'slots', coalesce(
            (
                SELECT jsonb_agg(jsonb_build_object('slot', slot -> 'id', 'at_m', slot -> 'at_m'))
                FROM jsonb_array_elements(layout -> 'slots') AS slot
            ),
            '[]'
        ),
        'cameras', '[]'::jsonb
    )
FROM stores;
UPDATE stores SET drawing_version = 1;

-- Which drawing a camera works by, and where its edge box shows the picture (component "drawing"); null for all others.
ALTER TABLE health_readings ADD COLUMN drawing_version integer;
ALTER TABLE health_readings ADD COLUMN setup_url text;

-- Public keys of the backends that run: whom an edge box believes that somebody may see its camera's picture.
CREATE TABLE setup_keys (
    public_key text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

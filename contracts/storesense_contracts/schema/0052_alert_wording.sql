-- What the rule said when the alert opened: its own words by language, and what happens while nobody acknowledges. A later
-- edit of the rule does not reword an alert that stands.
ALTER TABLE alerts
    ADD COLUMN messages jsonb,
    ADD COLUMN escalation jsonb;

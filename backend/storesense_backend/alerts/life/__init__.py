"""The life of an alert after it opened: what people do with it, and what happens while nobody does anything."""

"""The live state of stores, kept up to date from the database and fanned out to those who watch."""

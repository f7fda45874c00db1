"""What every part of Storesense shares: messages, topics, ids, errors, clock and database schema."""

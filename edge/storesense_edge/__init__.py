"""Edge agents: cameras and shelves measured on the spot, kept on disk until the database has them."""

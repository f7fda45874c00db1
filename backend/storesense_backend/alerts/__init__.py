"""The alert engine: a pure core that judges readings, and the loop that follows the database with it."""

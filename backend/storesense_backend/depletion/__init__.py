"""When a slot runs empty: demand by hour of the week, its level now, and the time until so many units are sold."""

"""What shall stand in each slot: products, facings, capacity and limits, in dated versions."""

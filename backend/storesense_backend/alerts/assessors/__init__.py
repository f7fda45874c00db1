"""What the alert engine judges beside single readings: whatever has to be asked for now and then."""

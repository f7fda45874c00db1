"""What a store's counts will be a day ahead, and which hours are unlike what they should have been."""

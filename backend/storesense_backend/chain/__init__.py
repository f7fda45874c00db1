"""All stores beside each other: what needs attention, and how each stands to its targets."""

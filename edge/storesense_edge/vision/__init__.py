"""What a camera measures: crossings, visits, queues and heat, from pictures that never leave the device."""

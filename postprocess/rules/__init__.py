"""Rules: pure steps from what was seen and read to events, one module per function of a camera."""

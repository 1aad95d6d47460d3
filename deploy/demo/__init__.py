"""The demo site: set up, watched, and compared with its truth."""

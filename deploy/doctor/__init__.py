"""`zool doctor`: is this machine, and the site that runs on it, as it should be."""

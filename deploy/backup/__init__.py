"""`zool backup` and `zool restore`: everything that a site knows, in one file and out of it again."""

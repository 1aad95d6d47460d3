"""Flaws in a surface without a network: co-occurrence features of tiles, and their distance from good pictures."""

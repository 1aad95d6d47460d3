"""Licence plates: what is written on them, how they look, how they are rectified and read. No torch, no I/O."""

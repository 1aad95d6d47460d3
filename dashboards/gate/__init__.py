"""The board "Gate": who drove in and out, and whether the cameras that say so can be trusted. Pure."""

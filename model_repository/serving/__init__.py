"""The steps of the ensembles as Triton's Python backend sees them: one module for each ensemble."""

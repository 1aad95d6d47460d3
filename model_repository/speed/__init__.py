"""How fast the engine is by itself: the floor beside which Triton is measured."""

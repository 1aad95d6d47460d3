"""What models are worth, measured through a real Triton and beside the network alone.

One module per ensemble with `evaluate(bench: task.Bench) -> task.Measured`, named in `registry.ENSEMBLES`.
"""

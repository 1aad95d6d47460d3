"""The GPU target: networks as TensorRT plans with everything around them in their graph."""

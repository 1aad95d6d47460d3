"""Functions of a camera: one module each, `unit` says what a function is, `registry` which there are."""

"""One module per kind of network that can be imported; `registry.TASKS` says which task uses which."""

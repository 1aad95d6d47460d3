"""A preview of a board, drawn from its JSON and real answers. It is not Grafana and does not claim to be."""

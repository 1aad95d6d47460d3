"""HTTP: routes over the edges and the pure parts of the api. Litestar is known here and nowhere else."""

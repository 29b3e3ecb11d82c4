"""Real engines for tests: fetched once, kept outside the repository, started on loopback, ended without a trace."""

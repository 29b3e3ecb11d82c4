"""A regular package, so that no `tests` of a third-party wheel can shadow it."""

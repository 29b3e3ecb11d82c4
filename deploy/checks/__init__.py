"""The static checks behind `make check`, and the runner of `make test`."""

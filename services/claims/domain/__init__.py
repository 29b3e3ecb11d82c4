"""Rules of claims: plain functions from a state and what happened to the next state. No I/O, no framework."""

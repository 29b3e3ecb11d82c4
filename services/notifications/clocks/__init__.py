"""Clocks: rows that fire once. Kinds are registered in registry.py; their rules are in domain/."""

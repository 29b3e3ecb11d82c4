"""Databases: one per service, PostgreSQL or SQLite, behind one small surface."""

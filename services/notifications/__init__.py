"""Alerts, clocks, read marks and the live events."""

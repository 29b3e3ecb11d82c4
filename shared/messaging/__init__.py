"""Outbox, relay, inbox, consumer, dead letters: how services talk without losing or repeating anything."""

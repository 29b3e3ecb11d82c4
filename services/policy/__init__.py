"""Clients, contracts and their versions, premium receipts."""

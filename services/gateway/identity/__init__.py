"""Who is asking: accounts, sessions, agencies and roles. Owned by the gateway, announced by events."""

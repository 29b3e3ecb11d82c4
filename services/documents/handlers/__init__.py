"""One function per command; no HTTP, no Kafka. The caller opens and commits the session."""

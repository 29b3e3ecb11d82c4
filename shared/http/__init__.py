"""HTTP between services: problem documents, internal tokens, the client, and the frame of every application."""

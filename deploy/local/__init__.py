"""The embedded stack: a broker process and five services on one machine, kept alive by one supervisor."""

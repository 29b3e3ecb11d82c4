"""Rules of clients and contracts: plain Python, no input or output."""

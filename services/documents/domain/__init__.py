"""Rules of files: plain Python, no input or output."""

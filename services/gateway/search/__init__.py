"""Search: folding of what is typed and stored, and the conditions on both engines."""

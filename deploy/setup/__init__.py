"""What `make` does before it does anything else: with the standard library of a plain Python only.

Every step is keyed on what it was made from, so a second run costs milliseconds, and a step that was
interrupted is seen and done again.
"""

"""The kit that all five services stand on; it imports no service."""

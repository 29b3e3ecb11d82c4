"""Files of claims, contracts and clients."""

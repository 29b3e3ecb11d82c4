"""The live feed: what changed, told to the browsers that may see it."""

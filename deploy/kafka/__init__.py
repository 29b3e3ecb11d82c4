"""The bus as data: which topics there are, and who creates them."""

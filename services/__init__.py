"""The five services. Each owns its database; none imports another."""

"""Identity, the read model, the web pages, the JSON API, the live feed and the partner on-ramp."""

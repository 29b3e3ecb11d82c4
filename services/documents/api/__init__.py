"""HTTP commands and queries of the documents service: parse, call the handlers, map the result."""

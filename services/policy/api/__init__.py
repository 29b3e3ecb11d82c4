"""HTTP commands and queries of the policy service: parse, call one handler, map the result."""

"""An invented French and an invented Israeli agency, with everything a broker would find on a Monday morning."""

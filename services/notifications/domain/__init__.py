"""Rules of alerts and clocks: plain functions, no I/O."""

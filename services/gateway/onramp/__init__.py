"""The HTTP on-ramp: partners without Kafka push the same messages, and the topic still decides who is speaking."""

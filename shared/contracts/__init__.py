"""What services and partners say to each other: the only vocabulary that all of them share."""

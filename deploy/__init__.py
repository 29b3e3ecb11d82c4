"""Running the services: the `dossier` command, the embedded stack, set-up and checks."""

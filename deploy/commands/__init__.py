"""The commands of `dossier`, one file each; the table is in deploy/cli.py."""

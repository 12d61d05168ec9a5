"""The command `evenkeel`, one file per command."""

"""Configuration: networks and mandate files, read by the command line alone."""

"""Compiled contracts as JSON, written by scripts/export_artifacts.py and shipped in the wheel."""

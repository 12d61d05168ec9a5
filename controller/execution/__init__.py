"""Keys, the journal, and sending: simulate, record, then broadcast."""

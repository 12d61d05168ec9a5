"""Everything that talks to a node: pinned reads, ABI coding, the lens, the ledger's log, own development nodes."""

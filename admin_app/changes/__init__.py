"""The change ledger: record, history, revert, undo, seal, verify."""

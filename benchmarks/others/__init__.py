"""The same list of children by others, as their own documentation begins: no role, no ledger, no wall."""

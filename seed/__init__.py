"""First contents of a store: official code tables, divisions from a file, and the demo district."""

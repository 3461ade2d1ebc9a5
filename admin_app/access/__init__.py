"""Who asks, what the role permits, which rows there are for them, and what they see of a field."""

"""The parts of the demo district. Every person, place and number in it is invented; the division
codes begin with 99, which no real province has."""

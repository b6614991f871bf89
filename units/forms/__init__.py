"""Forms of units, people and accounts; every label and message is Vietnamese."""

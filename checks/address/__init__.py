"""Whether the address is written as addresses are."""

"""A diagnosis: which checks run, on what, in which order, until when."""

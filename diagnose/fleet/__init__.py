"""Many mailboxes and domains in one run: rows in, results out as they come, and what they have in common."""

"""Whether the mailbox has been activated, and where the mail about it went."""

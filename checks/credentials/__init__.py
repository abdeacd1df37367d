"""The password, the user name, and the message that the person saw."""

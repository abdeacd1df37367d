"""What the server says before a login."""

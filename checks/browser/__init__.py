"""What the person's browsers hold, and how the webmail page fares in a clean one."""

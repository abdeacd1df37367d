"""The self-test page: what this program and the person's own browser tell each other over loopback."""

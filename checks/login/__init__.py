"""The login itself, what opens after it, and the one place that sends a password."""

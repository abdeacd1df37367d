"""What Acme adds to `diagnose`."""

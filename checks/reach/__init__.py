"""Whether a service's port takes connections."""

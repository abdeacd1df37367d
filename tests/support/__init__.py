"""What tests of several rooms are built from."""

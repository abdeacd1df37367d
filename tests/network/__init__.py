"""What is wrong on the person's own side, from recorded facts and on loopback."""

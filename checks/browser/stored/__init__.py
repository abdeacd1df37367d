"""Web browsers on this computer: which are installed, and what their profiles hold for one host."""

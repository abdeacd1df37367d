"""Recordings of a browser's requests (HAR 1.2): read in bounds, kept without their secrets."""

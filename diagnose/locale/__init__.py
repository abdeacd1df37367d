"""The languages of a report, and their message catalogues."""

"""The formats that a finished report is written in, one module each; found through the group ``diagnose.reports``."""

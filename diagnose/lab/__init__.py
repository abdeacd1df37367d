"""A mail estate on loopback with a chosen fault, to diagnose for real.

`diagnose.lab.scenario` names the faults as data, `diagnose.lab.estate` brings one up.
"""

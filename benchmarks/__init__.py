"""How long a run takes beside a bare script that walks the same chain of network steps, and what it needs to start.

``python -m benchmarks`` brings up the healthy estate behind lines that delay every round trip, and prints tables.
"""

"""The record of a run: all that it saw, from which it can be judged, now and by newer knowledge."""

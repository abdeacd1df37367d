"""The line of this computer, its clock, proxy and resolver, and who stands between it and the servers."""

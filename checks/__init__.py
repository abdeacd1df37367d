"""The built-in checks: a package for each family, with its probes (I/O to facts) and judges (facts to findings)."""

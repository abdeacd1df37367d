"""The built-in checks: one module a family, each with its probes (I/O to facts) and judges (facts to findings)."""

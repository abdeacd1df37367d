"""End-to-end tests against real servers in network namespaces of their own."""

"""From findings to ranked causes, the picture of the way, and the report."""

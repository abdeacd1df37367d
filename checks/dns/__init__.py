"""Whether the names of the domain and its servers are found."""

"""The webmail page: what it answers, what its words say."""

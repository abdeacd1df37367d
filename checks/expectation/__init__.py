"""What a domain is held against: values that somebody expects, and what the other checks found."""

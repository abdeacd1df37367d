"""What a server's reply, an error message or a cause id means, without a run."""

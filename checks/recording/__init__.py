"""What a browser's recording (HAR) shows of a failed login."""

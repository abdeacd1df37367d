"""From a mail domain to its services: all sources at once, the best answer wins."""

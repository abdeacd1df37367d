"""The process and its surroundings: children, files, standard streams, first use."""

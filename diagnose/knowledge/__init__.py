"""What the tool knows: causes, remedies, providers and reply signatures, as data files beside this module."""

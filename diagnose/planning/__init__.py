"""Which checks are to run, on which targets, and which of them wait for which; nothing runs here."""

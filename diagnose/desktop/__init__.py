"""The self-test in the menus of a desktop, for people who open no terminal."""

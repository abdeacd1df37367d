"""Whose login it is: the address, the secret, and the record of rejected logins."""

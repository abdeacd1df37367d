"""The record of rejected logins on this computer."""

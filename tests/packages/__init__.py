"""Packages of others: a real one, installed, and what is wrong with bad ones."""

"""Saved reports judged again by newer knowledge, and what two reports differ in. Pure, and without any network."""

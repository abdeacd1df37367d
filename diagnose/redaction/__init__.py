"""Secrets and personal data: masked or replaced in everything that leaves a run."""

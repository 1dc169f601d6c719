"""Tells differences, failures and where they come from in words that a finding can use."""

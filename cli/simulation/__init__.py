"""Shoppers that do not exist: they have goals, patience and bad typing, and talk to the real bot (`shopkeeper simulate`)."""

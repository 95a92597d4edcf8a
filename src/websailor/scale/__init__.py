"""Adapters to engines and ecosystems that exist. Nothing imports them but the command line."""

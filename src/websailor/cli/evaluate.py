"""`websailor evaluate`."""

"""ChatModel and its implementations; messages <-> text <-> tokens."""

"""Upstream services, one small class each: a request, a reply, nothing else (`base.Provider`)."""

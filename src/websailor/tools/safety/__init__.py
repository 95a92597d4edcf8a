"""What the live tools may touch: addresses, pages, and page text.

`addresses` decides which URLs and hosts may be contacted, `transport` enforces it at the moment of connecting,
`leaks` keeps benchmark pages out, `fences` keeps page text inside its observation.
"""

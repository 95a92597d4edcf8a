"""What the live tools may touch: addresses, pages, and page text.

`addresses` decides which URLs and hosts may be contacted, `transport` enforces it at the moment of connecting,
`leaks` keeps benchmark pages out. What page text may do is `models.fences`.
"""

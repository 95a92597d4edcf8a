"""`python -m websailor.cli`: the same as the `websailor` command."""

from websailor.cli import main

main()

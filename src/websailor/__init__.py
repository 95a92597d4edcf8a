"""websailor: from an offline encyclopedia to a research agent trained by reinforcement learning.

An open implementation of WebSailor-V2 (arXiv 2509.13305). The package is a row of stages that meet through files of
records: `wiki -> graph -> questions -> trajectories -> sft -> rl -> evaluation -> report`. `records` holds the nouns
that cross stages, `pipeline` runs a recipe from its first table to its last, `cli` is the command line.
"""

__version__ = "0.1.0"

"""Questions in words: an embedded realiser with several phrasings, English and Chinese, and a language model's words.

Enters: a proved pattern with its clues. Leaves: the prompt and one text for each clue. `plan` decides what is said in
which order and where, the same for both languages; `sayings` finds the phrases of a clause, whatever it says, and
`amounts` its numbers; `english` and `chinese` say it. `rewriting` has a model say it in other words, clause by clause,
and takes only what `fidelity` and a second reading bear out.
"""

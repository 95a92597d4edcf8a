"""Questions in words: an embedded realiser with several phrasings, English and Chinese, no language model.

Enters: a proved pattern with its clues. Leaves: the prompt and one text for each clue. `plan` decides what is said in
which order and where, the same for both languages; `english` and `chinese` say it.
"""

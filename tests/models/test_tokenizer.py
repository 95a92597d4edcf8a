"""Tokenizers are lossless but for one leading space, keep names whole, and load in transformers."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.errors import UserError
from websailor.models.local.tokenizer import (
    END,
    FRAGMENTS,
    build_word_tokenizer,
    load_tokenizer,
    save_tokenizer,
    train_bpe_tokenizer,
)

TEXTS = [
    "Velan Torid is a person, born in 1953.\nVelan Torid lives in Melik Sora.",
    "Which person, born in the 1950s, lives there?",
]
TURN = (
    "<think>\nNeed Velan Torid.\n</think>\n<tool_call>\n"
    '{"name": "search", "arguments": {"query": ["lives in Velan Torid"]}}\n</tool_call>'
)


@pytest.fixture(scope="module", params=["word", "bpe"])
def tokenizer(request: pytest.FixtureRequest):
    if request.param == "word":
        return build_word_tokenizer(TEXTS, most=500, always=["Velan", "Torid", "Unseen"])
    return train_bpe_tokenizer(TEXTS * 20, 400)


def squeeze(text: str) -> str:
    """Without the one space that stands before a word after a protocol token or a line break."""
    for fragment in (*FRAGMENTS, "<|im_start|>", END):
        text = text.replace(fragment + " ", fragment)
    return text.removeprefix(" ")


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_comes_back_whole(text: str):
    word = build_word_tokenizer(TEXTS)
    decoded = word.decode(word.encode(text, add_special_tokens=False).ids, skip_special_tokens=False)
    assert squeeze(decoded) == squeeze(text)


def test_a_turn_comes_back_whole(tokenizer):
    ids = tokenizer.encode(TURN + END, add_special_tokens=False).ids
    assert squeeze(tokenizer.decode(ids, skip_special_tokens=False)) == TURN + END


def test_a_name_is_the_same_tokens_wherever_it_stands(tokenizer):
    name = tokenizer.encode("Velan Torid", add_special_tokens=False).ids
    ids = tokenizer.encode(TURN, add_special_tokens=False).ids
    found = [i for i in range(len(ids)) if ids[i : i + len(name)] == name]
    assert len(found) == 2


def test_words_of_the_lexicon_are_single_tokens_even_when_no_text_has_them():
    word = build_word_tokenizer(TEXTS, most=3, always=["Unseen"])
    assert len(word.encode("Unseen", add_special_tokens=False).ids) == 1
    assert word.token_to_id("Unseen") is not None


def test_a_year_shares_its_first_token_with_its_decade(tokenizer):
    year = tokenizer.encode("in 1953", add_special_tokens=False).ids
    decade = tokenizer.encode("in 1950s", add_special_tokens=False).ids
    assert year[-2] == decade[-3]


def test_protocol_fragments_are_single_tokens(tokenizer):
    for fragment in FRAGMENTS:
        assert len(tokenizer.encode(fragment, add_special_tokens=False).ids) == 1, fragment


def test_the_folder_loads_in_transformers(tokenizer, tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    save_tokenizer(tokenizer, tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    assert theirs(TURN)["input_ids"] == tokenizer.encode(TURN, add_special_tokens=False).ids
    assert theirs.eos_token == END
    assert load_tokenizer(tmp_path).get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("text", ["", "{}", "no JSON", '{"model": {"type": "BPE"}}'])
def test_a_damaged_tokenizer_is_refused(tmp_path: Path, text: str):
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(UserError, match=r"tokenizer\.json: not a tokenizer"):
        load_tokenizer(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"no tokenizer\.json"):
        load_tokenizer(tmp_path)

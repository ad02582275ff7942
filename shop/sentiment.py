"""How a message sounds, from a small lexicon: enough to notice an annoyed or a delighted customer, not to read between the lines.

The method (valences, negation flips and weakens, adverbs strengthen, squashing to [-1, 1]) is that of VADER: Hutto and Gilbert,
"VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014. The words and weights are our own,
chosen for what people write to a shop.
"""

from __future__ import annotations

import math
import re

_VALENCES = {
    3.0: (
        "love loved loves amazing awesome brilliant excellent fantastic perfect perfectly wonderful superb outstanding "
        "delighted thrilled ❤ 😍"
    ),
    2.0: (
        "great good lovely beautiful gorgeous happy pleased glad enjoy enjoyed best helpful impressed fab cheers thanks thank "
        "grateful appreciate appreciated nice sweet yay 😊 😀 🎉 👍"
    ),
    1.0: "fine ok okay like likes cool quick easy comfy cosy soft smart fun pretty useful well better",
    -1.0: (
        "slow late delay delayed expensive pricey small tight thin cheap-looking confusing confused problem problems issue "
        "issues mistake missing wait waiting stuck sorry shame unfortunately wrong incorrect difficult hard"
    ),
    -2.0: (
        "bad poor annoyed annoying unhappy disappointed disappointing disappointment broken damaged faulty defective cracked "
        "smashed torn stained ripped complaint complain fail failed fails failing lost upset frustrated frustrating unhelpful "
        "useless rude wasted waste ugly nobody ignored unacceptable 😞 😕 👎"
    ),
    -3.0: (
        "awful terrible horrible worst hate hated disgusting disgraceful dreadful appalling furious angry scam fraud rubbish "
        "ridiculous pathetic shambles liar liars outrageous 😡 🤬"
    ),
}
LEXICON = {word: valence for valence, words in _VALENCES.items() for word in words.split()}
_NEGATIONS = frozenset(("not", "no", "never", "without", "hardly", "cannot", "nothing"))  # and whatever ends in n't
_STRONGER = frozenset(("very", "really", "so", "extremely", "absolutely", "totally", "completely", "incredibly", "utterly", "too", "such"))
_TOKEN = re.compile(r"[a-z]+(?:['-][a-z]+)*|[❤😍😊😀🎉👍😞😕👎😡🤬]|[.,;!?]")


def sentiment(text: str) -> float:
    """From -1 (furious) to 1 (delighted), 0 when the text says nothing either way."""
    tokens = _TOKEN.findall(text.lower().replace("’", "'"))
    total = sum(_valence(tokens, k) for k, token in enumerate(tokens) if token in LEXICON)
    total *= 1 + 0.1 * min(text.count("!"), 3)
    return round(total / math.sqrt(total * total + 15), 3)


def _valence(tokens: list[str], k: int) -> float:
    """The word's own valence, changed by up to three words before it in the same clause."""
    valence = LEXICON[tokens[k]]
    for before in reversed(tokens[max(k - 3, 0) : k]):
        if before in ".,;!?":
            break
        if before in _STRONGER:
            valence *= 1.3
        elif before in _NEGATIONS or before.endswith(("n't", "dont", "didnt", "doesnt", "cant", "wont")):
            valence *= -0.6
    return valence

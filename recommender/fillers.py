"""Words that name no thing: grammar, asking, money. One list for everybody who looks for what a text is about."""

from __future__ import annotations

from recommender.words import words

_TEXT = (
    "a an the and or for of in on to with my me i im id ive you your we it its is are be some any this that these those there do does "
    "did can could would will like want wanted need looking look search searching find get show see give buy have got please thanks hi "
    "hello hey something anything thing product products item items under over below above less more than about around cheaper cheap "
    "pound pounds quid dollar dollars euro euros price priced not no without at from by one ones what which who recommend suggest "
    "sell sells selling stock stocked "
    "ok okay oh ah hmm well so while here also just then now anyway btw actually maybe"
)
WRITTEN = frozenset(_TEXT.split())  # as customers write them
FILLER = frozenset(words(_TEXT))  # as `recommender.words` folds them

"""What the bot does: one flat module a topic. Slots and entities in, a call to the shop or the recommender, an `utter_*` key out.

`turn.py`, `running.py`, `runtime.py` and `__main__.py` carry the actions; `asking.py`, `pointing.py`, `listing.py`, `results.py`,
`looking.py`, `narrowing.py`, `speaking.py` and `forms.py` are what several topics share. The rest are topics, each with the name of its
file under `nlu_data/`.
"""

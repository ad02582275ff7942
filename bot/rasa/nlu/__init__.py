"""Understanding: tokens, intents and entities, as components of Rasa's graph."""

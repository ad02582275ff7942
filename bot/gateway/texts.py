"""What the gateway itself says when the bot cannot. Everything else a customer reads comes from the domain's responses."""

TRY_AGAIN = "Try again"
TALK_TO_A_PERSON = "Talk to a person"

HOLDING = {"text": "Sorry for the wait. I have your message and will answer as soon as I can. There is no need to send it again."}

ACTION_FAILED = {
    "text": "I'm sorry, something went wrong on our side and I could not finish that just now. "
    "You can try it again, or I can ask a colleague to help.",
    "quick_replies": [TRY_AGAIN, TALK_TO_A_PERSON],
}

NOT_UNDERSTOOD_BY_US = {
    "text": "I'm sorry, I could not work on that message. Please put it another way, or I can ask a colleague to help.",
    "quick_replies": [TRY_AGAIN, TALK_TO_A_PERSON],
}

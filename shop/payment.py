"""How the shop may be paid, as the customer reads it."""

METHODS = ("card", "PayPal", "bank transfer")

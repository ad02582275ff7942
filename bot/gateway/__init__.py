"""The customer's door: sessions, the web chat and storefront, the durable inbox and outbox, the call to Rasa."""

"""The mapped classes: the shop's tables and its domain in one."""

from shop.models.base import Base, now, public_id
from shop.models.catalogue import Product
from shop.models.conversations import Conversation, Impression, InboxMessage, OutboxMessage, Turn
from shop.models.customers import ConsentEvent, Customer, ErasureRequest, VerificationAttempt, VisitorSession
from shop.models.orders import AppliedCommand, CartLine, Order, OrderLine, ReturnRequest
from shop.models.profiles import Evidence, Interaction
from shop.models.service import Case, Review

__all__ = [
    "AppliedCommand", "Base", "CartLine", "Case", "ConsentEvent", "Conversation", "Customer", "ErasureRequest", "Evidence", "Impression",
    "InboxMessage", "Interaction", "Order", "OrderLine", "OutboxMessage", "Product", "ReturnRequest", "Review", "Turn",
    "VerificationAttempt", "VisitorSession", "now", "public_id",
]  # fmt: skip

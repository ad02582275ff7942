"""The mapped classes: the shop's tables and its domain in one."""

from shop.models.base import Base, now, public_id
from shop.models.catalogue import Product
from shop.models.conversations import Conversation, Impression, InboxMessage, OutboxMessage, Rating, Turn
from shop.models.customers import ConsentEvent, Customer, ErasureRequest, VerificationAttempt, VisitorSession
from shop.models.desk import Claim, ConversationEvent, Filing, Handover, Note, Place, Survey, Tag
from shop.models.merchandising import MerchandisingRule
from shop.models.orders import AppliedCommand, CartLine, Order, OrderLine, ReturnRequest
from shop.models.profiles import Evidence, Interaction
from shop.models.selling import CartCode, ProductAlert, Promotion
from shop.models.service import Case, Review
from shop.models.staff import AuditEntry, CannedReply, Staff, StaffSession
from shop.models.teaching import Lesson, SavedFilter, Story

__all__ = [
    "AppliedCommand", "AuditEntry", "Base", "CannedReply", "CartCode", "CartLine", "Case", "Claim", "ConsentEvent", "Conversation",
    "ConversationEvent", "Customer", "ErasureRequest", "Evidence", "Filing", "Handover", "Impression", "InboxMessage", "Interaction",
    "Lesson", "MerchandisingRule", "Note", "Order", "OrderLine", "OutboxMessage", "Place", "Product", "ProductAlert", "Promotion",
    "Rating", "ReturnRequest", "Review", "SavedFilter", "Staff", "StaffSession", "Story", "Survey", "Tag", "Turn", "VerificationAttempt",
    "VisitorSession", "now", "public_id",
]  # fmt: skip

"""The demo shop "Harbour & Hearth": an invented catalogue, invented customers, and what they did."""

from shop.demo.load import DemoReport, load_demo

__all__ = ["DemoReport", "load_demo"]

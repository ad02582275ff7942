"""What colleagues write with Markdown, as HTML that cannot do anything."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {"p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
SCHEMES = {"http", "https", "mailto"}


class _Links(MarkdownIt):
    """A link that names no scheme we allow stays the words that were typed: an address within the console would be one to trick with."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 (markdown-it's own name)
        return _leads_out(url)


def _leads_out(url: str) -> bool:
    return url.partition(":")[0].lower() in SCHEMES


# Headings, rules and code by indentation are off: "# 4711" or a pasted, indented line should read as typed.
_parser = _Links("commonmark", {"html": False, "breaks": True})
_parser.disable(["html_block", "html_inline", "image", "heading", "lheading", "hr", "code", "reference"])
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
    attribute_filter=lambda _, name, value: value if name != "href" or _leads_out(value) else None,
    url_schemes=SCHEMES,
    link_rel="noopener nofollow",
)


def html_of(text: str) -> Markup:
    """CommonMark without headings, pictures and HTML; a line break stays one, and links lead to the web or to mailboxes."""
    return Markup(_cleaner.clean(_parser.render(text)))

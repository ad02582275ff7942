"""Notes of colleagues: Markdown that shows, and nothing that does anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.markdown import SCHEMES, TAGS, html_of

TAG = re.compile(r"<(/?)([a-z0-9]+)((?:\s[^>]*)?)>")
ATTRIBUTE = re.compile(r'\s(href|rel|start)="([^"<>]*)"')


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**paid** and *gone*", "<p><strong>paid</strong> and <em>gone</em></p>"),
        ("first line\nsecond", "<p>first line<br>\nsecond</p>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        ("> she said", "<blockquote>\n<p>she said</p>\n</blockquote>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("```\nSK-1\n```", "<pre><code>SK-1\n</code></pre>"),
        ("[track](https://post.example/?a=1)", '<p><a href="https://post.example/?a=1" rel="noopener nofollow">track</a></p>'),
        ("<mailto:post@shop.example>", '<p><a href="mailto:post@shop.example" rel="noopener nofollow">mailto:post@shop.example</a></p>'),
        ("look, @ben.moss and @ann_lee", "<p>look, @ben.moss and @ann_lee</p>"),
        ("# 4711", "<p># 4711</p>"),
        ("    indented", "<p>indented</p>"),
        ("https://bare.example", "<p>https://bare.example</p>"),
    ],
)
def test_emphasis_lists_quotes_code_and_links_are_drawn_and_the_rest_reads_as_typed(written, shown):
    assert html_of(written).strip() == shown


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "/console/sign-in", "//evil.example", "x"]
)
def test_a_link_leads_to_the_web_or_to_a_mailbox_or_is_none(address):
    assert "<a" not in html_of(f"[here]({address}) and <{address}>")


def test_a_picture_is_not_fetched():
    assert "<img" not in html_of("![logo](https://evil.example/x.png)")


PIECES = [
    "<", ">", "[", "](", ")", "`", "*", "\n", "- ", "> ", "<img src=x onerror=a>", "javascript:", "https:", '"', "'", " onclick=", "&#106;",
    "\\", "a", "<script>", "</p>", "```",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_whatever_is_written_only_the_few_tags_and_attributes_come_out(pieces):
    html = html_of("".join(pieces))
    for closing, tag, attributes in TAG.findall(html):
        assert tag in TAGS
        assert ATTRIBUTE.sub("", attributes) == "", "no attribute but these"
        assert not closing or not attributes
        assert all(value.partition(":")[0].lower() in SCHEMES for name, value in ATTRIBUTE.findall(attributes) if name == "href")
    assert "<" not in TAG.sub("", html), "what is no tag is escaped"

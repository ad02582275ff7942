"""Pictures of charts: Vega-Lite draws SVG on the server, without a script or a style that our policy would forbid.

Its JavaScript engine takes 120 MB and holds the interpreter while it draws, so it has a process of its own, and no customer waits for it;
anyio starts that process with the first chart and ends it with ours. Pictures are kept by what they show.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from anyio import BrokenWorkerProcess, CapacityLimiter, to_process
from markupsafe import Markup

from console.charts import HOST, Spec

log = logging.getLogger(__name__)
KEPT = 200  # of some 15 kB each
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
ElementTree.register_namespace("", SVG[1:-1])
_kept: OrderedDict[str, Markup] = OrderedDict()
_one_at_a_time = CapacityLimiter(1)


async def pictures(specs: Mapping[str, Spec | None]) -> dict[str, Markup]:
    """The chart of each name; none where there is no specification, or where it could not be drawn (the page has the numbers)."""
    keys = {name: hashlib.sha256(json.dumps(spec).encode()).hexdigest() for name, spec in specs.items() if spec}
    missing = {key: specs[name] for name, key in keys.items() if key not in _kept}
    if missing:
        try:
            drawn = await to_process.run_sync(draw_all, list(missing.values()), limiter=_one_at_a_time)
        except (BrokenWorkerProcess, ValueError, ElementTree.ParseError):
            log.exception("charts could not be drawn")
        else:
            _kept.update(zip(missing, drawn, strict=True))
    found = {name: _kept[key] for name, key in keys.items() if key in _kept}
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found


def draw_all(specs: Sequence[Spec]) -> list[Markup]:
    return [draw(spec) for spec in specs]


def draw(spec: Spec) -> Markup:
    """The SVG of a chart, to stand within a page. Raises ValueError for a specification that Vega-Lite cannot read."""
    import vl_convert

    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))
    for mark in root.iterfind(".//*[@aria-roledescription='bar']"):
        ElementTree.SubElement(mark, f"{SVG}title").text = mark.get("aria-label")
    for anchor in root.iter(f"{SVG}a"):
        anchor.set("href", anchor.attrib.pop(f"{XLINK}href").removeprefix(HOST))
        anchor.set("aria-label", anchor[0].get("aria-label", ""))
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # what people wrote is escaped by Vega-Lite and by ElementTree

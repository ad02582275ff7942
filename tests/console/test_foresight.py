"""What a customer will likely want next, beside the chat."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shop import consent
from tests.harness.stack import free_ports
from tests.harness.talk import thread
from tests.harness.web import served

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def site_settings(site_settings):
    return site_settings.model_copy(update={"actions_port": free_ports(1)[0]})


def test_what_fits_and_what_is_due_again_stand_beside_the_chat_unless_the_customer_opted_out(store, factory, site_settings, sign_in, hire):
    customer, lamp, soap = factory.customer(), factory.product(title="Brass <b>Lamp</b>"), factory.product(title="Olive Soap")
    asked: list[dict] = []

    async def recommend(request: Request) -> JSONResponse:
        asked.append(await request.json())
        return JSONResponse([{"item": lamp.id, "reason": "you like brass"}, {"item": 10**6, "reason": "gone"}])

    async def due(request: Request) -> JSONResponse:
        asked.append(await request.json())
        return JSONResponse([{"item": soap.id, "probability": 0.214, "times": 3, "days": 58.4}])

    with store.write() as session:
        chat = thread(session, customer).public_id
    ann = sign_in(hire())
    recommender = Starlette(routes=[Route("/recommend", recommend, methods=["POST"]), Route("/due", due, methods=["POST"])])
    with served(recommender, site_settings.actions_port):
        page = ann.get(f"/inbox/{chat}/needs").text
        assert "Brass &lt;b&gt;Lamp" in page
        assert "you like brass" in page
        assert "gone" not in page
        assert "Olive Soap" in page
        assert "bought on 3 days, last 58 days ago" in page
        assert asked == [{"customer_id": customer.id, "n": 4}] * 2
        with store.write() as session:
            consent.set_consent(session, customer.id, "personalisation", False, "page")
        page = ann.get(f"/inbox/{chat}/needs").text
        assert "Opted out" in page
        assert len(asked) == 2, "who opted out is not asked about"
    assert ann.get(f"/inbox/{chat}/needs").status_code == 200, "without a recommender the page is there all the same"

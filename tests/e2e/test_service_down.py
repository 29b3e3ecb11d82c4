"""A service that does not answer: pages go on from the read model and say how old they are."""

from __future__ import annotations

import re
from time import monotonic

from playwright.async_api import Browser, expect

from tests.e2e.visitor import Visitor
from tests.fixtures.desk import desk_of
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon


async def test_the_client_page_opens_and_says_how_old_it_is_while_claims_hangs(
    doomed_stack: Stack, browser: Browser
) -> None:
    visitor = Visitor(browser, doomed_stack)
    async with desk_of(doomed_stack, "broker.fr") as desk:
        claim = (await desk.claims(state="open"))[0]
        path = f"/clients/{claim['client']['id']}"
        await visitor.log_in("broker.fr", language="en")
        with doomed_stack.frozen("claims"):

            async def noticed() -> bool:
                return "not answering" in (await desk.client.get(path)).text

            await soon(noticed, what="the notice on the client page")
            begun = monotonic()
            page = await visitor.tab(path)
            took = monotonic() - begun
            notice = page.locator(".notice-warn")
            await expect(notice).to_have_count(1)
            assert re.search(r"As of \d?\d:\d\d", await notice.inner_text())
            await expect(page.locator("#client")).to_contain_text(claim["claim_number"])
            assert took < 3, f"{took:.1f} s"

            begun = monotonic()
            refused = await desk.client.post(
                f"/api/v1/claims/{claim['claim_number']}/note", json={"note": "x"}, timeout=30
            )
            assert refused.status_code == 503
            assert refused.headers["content-type"].startswith("application/problem+json")
            print(
                f"\npage while claims hangs: {took:.2f} s; command refused after {monotonic() - begun:.1f} s"
            )

        doomed_stack.wait_until_ready()

        async def well_again() -> bool:
            return "not answering" not in (await desk.client.get(path)).text

        await soon(well_again, what="the notice gone")
        await desk.post(f"/claims/{claim['claim_number']}/note", {"note": "back"})
    await visitor.close()

"""The Prefect UI as an administrator uses it: fill the form, approve the plan, see the outcome, try again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.flows.test_deployments import environment  # noqa: F401
from tests.flows.test_endings import Deployed, deployment
from tests.servers import until

pytestmark = pytest.mark.live

SLOW = 150_000
"""Milliseconds a step of a run may take to show on a busy machine."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")


class Visitor:
    """A person in front of the UI."""

    def __init__(self, page: Page, deployed: Deployed, pictures: Path) -> None:
        self.page, self.deployed, self._pictures = page, deployed, pictures
        self.home = deployed.url.removesuffix("/api")
        self.troubles: list[str] = []
        page.set_default_timeout(SLOW)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def look(self, name: str) -> None:
        """Keep a picture."""
        self.page.screenshot(path=self._pictures / f"{name}.png", full_page=True)

    def fill_the_form(self, name: str) -> str:
        """Start a run of a deployment from its form; the identifier of the run."""
        page = self.page
        known = set(self._runs())
        page.goto(f"{self.home}/deployments")
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        expect(page.get_by_text("Policy (Optional)")).to_be_visible()
        expect(page.get_by_text("Read in full (Optional)")).to_be_visible()
        self.look("1-form")
        page.get_by_role("button", name="Submit").click()
        return str(until(lambda: next(iter(set(self._runs()) - known), None), "the run of the form"))

    def open(self, run: str) -> None:
        """Look at a run."""
        self.page.goto(f"{self.home}/runs/flow-run/{run}")

    def approve(self, reason: str, name: str) -> None:
        """Press Resume and fill what is asked."""
        page = self.page
        page.get_by_role("button", name="Resume").first.click()
        expect(page.get_by_text("needs approval:").first).to_be_visible()
        decision = page.locator(".p-select-button__control").last
        decision.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(decision).to_have_text("approve")
        page.get_by_role("textbox").nth(0).fill(reason)
        page.get_by_role("textbox").nth(1).fill(name)
        self.look("3-approval")
        page.get_by_role("button", name="Submit").click()

    def press_retry(self) -> None:
        """Press Retry and confirm."""
        page = self.page
        page.get_by_role("button", name="Retry").first.click()
        page.get_by_role("button", name="Retry").last.click()

    def _runs(self) -> list[str]:
        found = requests.post(f"{self.deployed.url}/flow_runs/filter", json={}, timeout=10).json()
        return [run["id"] for run in found]


@pytest.mark.timeout(900)
def test_a_day_in_the_ui(company, environment, tmp_path: Path, chromium: Browser, screenshots: Path):  # noqa: F811
    """A plan is made, read, approved by the UI's own button and applied; a run that failed goes on."""
    shown = environment | {"PREFECT_SERVER_UI_ENABLED": "true"}
    with deployment(company, shown, tmp_path) as deployed:
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        visitor = Visitor(page, deployed, screenshots)

        run = visitor.fill_the_form("seatwise-sync")
        deployed.ended(run, *ENDED)
        visitor.open(run)
        expect(page.get_by_text("Needs approval").first).to_be_visible()
        visitor.look("2-needs-approval")
        visitor.approve("read every row", "Ann Admin")
        done = deployed.ended(run, "COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        assert done["state_type"] == "COMPLETED", done["state"]["message"]
        visitor.open(run)
        expect(page.get_by_text(re.compile(r"\d+ changes applied")).first).to_be_visible()
        visitor.look("4-applied")
        assert done["name"].endswith("changes applied")
        page.get_by_text("Artifacts", exact=True).first.click()
        expect(page.get_by_text("seatwise-plan", exact=False).first).to_be_visible()
        visitor.look("5-artifacts")

        company.fault(path="/okta/api/v1/users", method="GET", kind="status", status=403, times=0)
        broken = visitor.fill_the_form("seatwise-reconcile")
        assert deployed.ended(broken, *ENDED)["state_type"] == "FAILED"
        visitor.open(broken)
        expect(page.get_by_text("Failed").first).to_be_visible()
        visitor.look("6-failed")
        requests.delete(f"{company.url}/_sandbox/faults", timeout=5).raise_for_status()
        visitor.press_retry()
        again = deployed.ended(broken, "COMPLETED", "CRASHED", "CANCELLED")
        assert again["state_type"] == "COMPLETED", again["state"]["message"]
        visitor.open(broken)
        visitor.look("7-tried-again")
    assert visitor.troubles == []

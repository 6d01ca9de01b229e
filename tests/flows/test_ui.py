"""The Prefect UI as an administrator uses it: fill the form, approve the plan, see the outcome, try again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, Response, expect

from tests.flows.test_deployments import environment  # noqa: F401
from tests.flows.test_endings import Deployed, deployment
from tests.servers import until

pytestmark = pytest.mark.live

SLOW = 150_000
"""Milliseconds a step of a run may take to show on a busy machine."""
BUSY = 503
"""Prefect's server answers so where its SQLite file is locked: whoever presses a button presses it again."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")


class Visitor:
    """A person in front of the UI."""

    def __init__(self, page: Page, deployed: Deployed, pictures: Path) -> None:
        self.page, self.deployed, self._pictures = page, deployed, pictures
        self.home = deployed.url.removesuffix("/api")
        self.troubles: list[str] = []
        page.set_default_timeout(SLOW)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error.stack}"))

    def look(self, name: str) -> None:
        """Keep a picture."""
        self.page.screenshot(path=self._pictures / f"{name}.png", full_page=True)

    def fill_the_form(self, name: str, picture: str = "1-form", **chosen: str) -> str:
        """Start a run of a deployment from its form, with what is chosen by title; the run's identifier."""
        page = self.page
        page.goto(f"{self.home}/deployments")
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        expect(page.get_by_text("Policy (Optional)")).to_be_visible()
        for title, words in chosen.items():
            self._choose(title, words)
        self.look(picture)
        answer = self._submit("/create_flow_run$")
        if answer.status == BUSY:
            answer = self._submit("/create_flow_run$")
        assert answer.ok, answer.text()
        return str(answer.json()["id"])

    def _submit(self, path: str) -> Response:
        """Press Submit; what the server answered."""
        with self.page.expect_response(re.compile(path)) as answer:
            self.page.get_by_role("button", name="Submit").click()
        return answer.value

    def _choose(self, title: str, words: str) -> None:
        """Choose from the list of a field the one that has these words."""
        page = self.page
        label = page.locator(".schema-form-property__label", has_text=re.compile(f"^{title}"))
        field = page.locator(".schema-form-property").filter(has=label).first
        control = field.locator(".p-select-button__control").first
        control.press("ArrowDown")
        page.locator(".p-select-option__text", has_text=words).first.click()
        expect(control).to_contain_text(words)
        # A list that is still open takes the next click to close.
        expect(page.locator(".p-select-option__text:visible")).to_have_count(0)

    def open(self, run: str) -> None:
        """Look at a run until its log is there; a page that is left while it draws has errors of its own."""
        self.page.goto(f"{self.home}/runs/flow-run/{run}")
        expect(self.page.get_by_text("prefect.flow_runs").first).to_be_visible()

    def approve(self, run: str, reason: str, name: str) -> None:
        """Open the run, press Resume and fill what is asked; once more where the server was busy."""
        answer = self._approve(run, reason, name)
        if answer.status == BUSY:
            answer = self._approve(run, reason, name)
        assert answer.ok, answer.text()

    def _approve(self, run: str, reason: str, name: str) -> Response:
        page = self.page
        self.open(run)
        expect(page.get_by_text("Needs approval").first).to_be_visible()
        self.look("2-needs-approval")
        page.get_by_role("button", name="Resume").first.click()
        expect(page.get_by_text("needs approval:").first).to_be_visible()
        decision = page.locator(".p-select-button__control").last
        decision.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(decision).to_have_text("approve")
        page.get_by_role("textbox").nth(0).fill(reason)
        page.get_by_role("textbox").nth(1).fill(name)
        self.look("3-approval")
        return self._submit("/resume$")

    def press_retry(self) -> None:
        """Press Retry and confirm."""
        page = self.page
        page.get_by_role("button", name="Retry").first.click()
        page.get_by_role("button", name="Retry").last.click()

    def schedule(self, name: str, seconds: int) -> None:
        """Give a deployment a schedule."""
        query = {"deployments": {"name": {"any_": [name]}}}
        (found,) = requests.post(f"{self.deployed.url}/deployments/filter", json=query, timeout=10).json()
        every = [{"active": True, "schedule": {"interval": seconds}}]
        url = f"{self.deployed.url}/deployments/{found['id']}/schedules"
        requests.post(url, json=every, timeout=10).raise_for_status()


@pytest.mark.timeout(1200)
def test_a_day_in_the_ui(company, environment, tmp_path: Path, chromium: Browser, screenshots: Path):  # noqa: F811
    """A plan is made, approved by the UI's own button, applied, taken back; a failed run goes on."""
    shown = environment | {"PREFECT_SERVER_UI_ENABLED": "true"}
    (company.policy.parent / "branch.yaml").write_text(company.policy.read_text())
    with deployment(company, shown, tmp_path) as deployed:
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        visitor = Visitor(page, deployed, screenshots)

        plan_and_approve(visitor, page, deployed)
        look_at_artifacts(visitor, page)
        take_back(visitor, deployed)
        company.fault(path="/okta/api/v1/users", method="GET", kind="status", status=403, times=0)
        broken = fail(visitor, page, deployed)
        requests.delete(f"{company.url}/_sandbox/faults", timeout=5).raise_for_status()
        try_again(visitor, broken, deployed)
        see_a_schedule_fire(visitor, page, deployed)
    assert visitor.troubles == []


def plan_and_approve(visitor: Visitor, page: Page, deployed: Deployed) -> None:
    """Choose the policy, and press Resume on the run that waits."""
    run = visitor.fill_the_form("seatwise-sync", Policy="branch.yaml")
    assert deployed.run(run)["parameters"]["config"] == "branch.yaml"
    deployed.ended(run, *ENDED)
    visitor.approve(run, "read every row", "Ann Admin")
    done = deployed.ended(run, "COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    assert done["state_type"] == "COMPLETED", done["state"]["message"]
    visitor.open(run)
    expect(page.get_by_text(re.compile(r"\d+ changes applied")).first).to_be_visible()
    visitor.look("4-applied")
    assert done["name"].endswith("changes applied")


def look_at_artifacts(visitor: Visitor, page: Page) -> None:
    """The plan with the run, and what the seats cost."""
    page.get_by_text("Artifacts", exact=True).first.click()
    expect(page.get_by_text("seatwise-plan", exact=False).first).to_be_visible()
    visitor.look("5-artifacts")
    page.get_by_text("seatwise-seats-branch").first.click()
    expect(page.get_by_text("seats are billed", exact=False).first).to_be_visible(timeout=SLOW)
    visitor.look("6-seats")


def take_back(visitor: Visitor, deployed: Deployed) -> None:
    """Choose the run, then the plan that leads back."""
    words = {"Run": "changes applied", "Policy": "branch.yaml"}
    back = visitor.fill_the_form("seatwise-undo", "7-undo", **words)
    undone = deployed.ended(back, *ENDED)
    assert undone["parameters"]["run_id"].endswith("changes applied")
    assert undone["state_name"] in {"Planned", "Needs approval"}, undone["state"]["message"]
    plan = visitor.fill_the_form("seatwise-apply", "8-apply", Plan="acme-cloud:", Policy="branch.yaml")
    assert deployed.ended(plan, *ENDED)["state_name"] in {"Completed", "Needs approval"}


def fail(visitor: Visitor, page: Page, deployed: Deployed) -> str:
    """A run that cannot read; its identifier."""
    broken = visitor.fill_the_form("seatwise-reconcile")
    assert deployed.ended(broken, *ENDED)["state_type"] == "FAILED"
    visitor.open(broken)
    expect(page.get_by_text("Failed").first).to_be_visible()
    visitor.look("9-failed")
    return broken


def try_again(visitor: Visitor, broken: str, deployed: Deployed) -> None:
    """Press Retry."""
    visitor.press_retry()
    again = deployed.ended(broken, "COMPLETED", "CRASHED", "CANCELLED")
    assert again["state_type"] == "COMPLETED", again["state"]["message"]
    visitor.open(broken)
    visitor.look("10-tried-again")


def see_a_schedule_fire(visitor: Visitor, page: Page, deployed: Deployed) -> None:
    """A run that nobody started is in the list, and says how it ended."""
    visitor.schedule("seatwise-reconcile", seconds=20)
    fired = until(lambda: deployed.scheduled(*ENDED), "the end of a scheduled run")
    page.goto(f"{visitor.home}/runs")
    expect(page.get_by_text(fired["name"]).first).to_be_visible()
    visitor.look("11-runs")
    visitor.open(fired["id"])
    expect(page.get_by_text(fired["state_name"]).first).to_be_visible()
    visitor.look("12-scheduled")

"""`seatwise deploy` on a real server: everything is there, and what a person changed since stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.setup.automations import ZOMBIES
from tasks.ending import ENDINGS
from tasks.events import EVENTS
from tests.operations.commands import ask, seatwise, tell

FLOWS = ("sync", "reconcile", "apply", "licences", "undo")
TELLING = {f"Seatwise: tell {event.name.removeprefix('seatwise.')}" for event in EVENTS}


@pytest.fixture(scope="session")
def deployed(environment, tmp_path_factory) -> str:
    """What the first `seatwise deploy` says."""
    ran = seatwise(environment, "deploy", folder=tmp_path_factory.mktemp("first"))
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def ours(environment) -> dict[str, dict]:
    found = ask(environment, "deployments")
    return {each["name"]: each for each in found if each["name"] in {f"seatwise-{flow}" for flow in FLOWS}}


def automations(environment) -> dict[str, dict]:
    return {each["name"]: each for each in ask(environment, "automations")}


def test_everything_is_there_and_the_last_words_say_what_to_click(environment, deployed):
    (pool,) = ask(environment, "work_pools", work_pools={"name": {"any_": ["seatwise"]}})

    assert set(ours(environment)) == {f"seatwise-{flow}" for flow in FLOWS}
    assert pool["type"] == "process"
    assert {name for name, each in automations(environment).items() if each["enabled"]} == {ZOMBIES}
    assert set(automations(environment)) > TELLING
    assert "click seatwise-sync and switch its schedule on" in deployed
    assert environment["PREFECT_API_URL"].removesuffix("/api") + "/deployments" in deployed


def test_runs_give_the_heartbeat_that_the_automation_waits_for(environment, deployed):
    """Were the heartbeat slower than the patience, healthy runs would be closed."""
    (trigger,) = [each["trigger"] for each in [automations(environment)[ZOMBIES]]]
    beats = {
        each["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]
        for each in ours(environment).values()
    }

    assert {3 * int(beat) for beat in beats} == {trigger["within"]}
    # A run that ended under a name of ours is not closed as one that fell silent.
    assert {f"prefect.flow-run.{ending.name}" for ending in ENDINGS.values()} <= set(trigger["expect"])


def test_no_state_that_a_run_of_ours_ends_in_is_taken_for_silence(environment, deployed):
    """Prefect names the event of an end after the name of its state."""
    from tasks.ending import ENDINGS
    from tasks.schedule import SKIPPED

    expected = set(automations(environment)[ZOMBIES]["trigger"]["expect"])

    assert {
        f"prefect.flow-run.{name}" for name in (SKIPPED, *(each.name for each in ENDINGS.values()))
    } <= expected


def test_what_a_person_changed_stays(environment, deployed, tmp_path):
    """The clock of a schedule, switches, the size of the pool; nothing is there twice."""
    sync = ours(environment)["seatwise-sync"]
    mine = {"schedule": {"cron": "7 * * * *", "timezone": "Europe/Berlin"}, "active": True, "slug": "hourly"}
    tell(environment, "PATCH", f"deployments/{sync['id']}", {"schedules": [mine]})
    by_ui = {"schedule": {"interval": 86400}, "active": True}
    tell(environment, "POST", f"deployments/{sync['id']}/schedules", [by_ui])
    tell(environment, "PATCH", "work_pools/seatwise", {"concurrency_limit": 3})
    tell(environment, "PATCH", f"automations/{automations(environment)[ZOMBIES]['id']}", {"enabled": False})

    ran = seatwise(environment, "deploy", folder=tmp_path)

    found = ours(environment)["seatwise-sync"]["schedules"]
    schedule, added = sorted(found, key=lambda each: each["slug"] is None)
    (pool,) = ask(environment, "work_pools", work_pools={"name": {"any_": ["seatwise"]}})
    names = [each["name"] for each in ask(environment, "automations")]
    assert ran.returncode == 0, ran.stderr
    assert (schedule["active"], schedule["schedule"]["cron"]) == (True, "7 * * * *")
    assert schedule["schedule"]["timezone"] == "Europe/Berlin"
    assert (added["active"], added["schedule"]["interval"]) == (True, 86400)
    assert pool["concurrency_limit"] == 3
    assert not automations(environment)[ZOMBIES]["enabled"]
    assert len(names) == len(set(names))
    assert ours(environment)["seatwise-sync"]["id"] == sync["id"]


def test_the_form_calls_its_fields_as_people_do(environment, deployed):
    fields = ours(environment)["seatwise-sync"]["parameter_openapi_schema"]["properties"]

    titles = {name: field["title"] for name, field in fields.items()}
    assert titles == {
        "config": "Policy", "out": "Folder", "only": "Only these people", "full": "Read in full",
    }  # fmt: skip
    # It is chosen where policies are known, and typed elsewhere.
    assert fields["config"].get("enum") or fields["config"]["minLength"] == 1


@pytest.mark.live
def test_a_channel_switches_the_telling_on_and_stays(environment, deployed, tmp_path):
    (kind,) = ask(environment, "block_types", block_types={"slug": {"any_": ["slack-webhook"]}})
    (schema, *_) = ask(environment, "block_schemas", block_schemas={"block_type_id": {"any_": [kind["id"]]}})
    block = tell(
        environment, "POST", "block_documents/",
        {
            "name": "ops", "data": {"url": "https://hooks.slack.test/services/made-up"},
            "block_schema_id": schema["id"], "block_type_id": kind["id"],
        },
    )  # fmt: skip

    absent = seatwise(environment, "deploy", "--channel", "slack-webhook/nobody", folder=tmp_path)
    given = seatwise(environment, "deploy", "--channel", "slack-webhook/ops", folder=tmp_path)
    again = seatwise(environment, "deploy", folder=tmp_path)

    assert (absent.returncode, given.returncode, again.returncode) == (1, 0, 0), given.stderr + again.stderr
    assert "Prefect has no block slack-webhook/nobody" in absent.stderr
    for name in TELLING:
        found = automations(environment)[name]
        assert found["enabled"], name
        assert [action["block_document_id"] for action in found["actions"]] == [block["id"]]


def test_each_policy_of_a_folder_gets_a_set_of_its_own(environment, tmp_path):
    from sandbox import policy

    folder = tmp_path / "policies"
    for name in ("acme", "bolt"):
        policy.write(folder, "http://127.0.0.1:1").rename(folder / f"{name}.yaml")

    ran = seatwise(environment, "deploy", "--policies", "policies", folder=tmp_path)

    found = {
        each["name"]: each for each in ask(environment, "deployments") if each["work_queue_name"] != "default"
    }
    queues = {each["name"]: each for each in ask(environment, "work_queues")}
    assert ran.returncode == 0, ran.stderr
    assert set(found) == {f"seatwise-{flow}-{name}" for flow in FLOWS for name in ("acme", "bolt")}
    assert found["seatwise-sync-acme"]["parameters"] == {"config": "policies/acme.yaml", "out": "out/acme"}
    assert "policy:acme" in found["seatwise-sync-acme"]["tags"]
    assert found["seatwise-sync-acme"]["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert {queues[name]["concurrency_limit"] for name in ("acme", "bolt")} == {2}


def test_a_folder_with_a_mistaken_policy_deploys_nothing(environment, tmp_path: Path):
    (tmp_path / "wrong.yaml").write_text("version: 1\nconnections: {}\nsorces: []\n")
    (tmp_path / "empty").mkdir()

    mistaken = seatwise(environment, "deploy", "--policies", ".", folder=tmp_path)
    empty = seatwise(environment, "deploy", "--policies", "empty", folder=tmp_path)

    assert mistaken.returncode == empty.returncode == 1
    assert "line 3" in mistaken.stderr
    assert "no policy in empty" in empty.stderr
    assert not [each for each in ask(environment, "deployments") if each["name"].endswith("-wrong")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PREFECT_API_URL": "http://127.0.0.1:1/api"}, "does not answer"),
        ({"PREFECT_API_URL": ""}, "PREFECT_API_URL is not set"),
    ],
)
def test_without_a_server_it_says_how_to_start_one(change, said, environment, tmp_path):
    ran = seatwise(environment | change, "deploy", folder=tmp_path)

    assert ran.returncode == 1
    assert said in ran.stderr
    assert "prefect server start" in ran.stderr
    assert "Traceback" not in ran.stderr

"""The vendor folders are found by themselves, each with its faces and connections."""

from __future__ import annotations

from sandbox import vendors


def test_no_face_hides_another() -> None:
    """A face whose path begins another's comes after it, for the first that fits answers."""
    prefixes = [face.prefix for face in vendors.faces()]

    assert len(prefixes) > 10
    for place, prefix in enumerate(prefixes):
        assert not [later for later in prefixes[place + 1 :] if later.startswith(f"{prefix}/")]


def test_a_connection_is_of_the_kind_its_folder_is_named_for() -> None:
    """Whoever works on one kind finds its connection in the folder of that name."""
    kinds = {
        folder.__name__: {one.kind for one in getattr(folder, "CONNECTIONS", ())}
        for folder in vendors.folders()
    }

    assert kinds.pop("sandbox.atlassian_export") == set()
    assert {name: {name.removeprefix("sandbox.")} for name in kinds} == kinds


def test_connections_have_names_of_their_own_and_say_their_secrets() -> None:
    """No connection hides another, and what an entry refers to is in its secrets."""
    stated = [one for folder in vendors.folders() for one in getattr(folder, "CONNECTIONS", ())]

    assert len(vendors.connections()) == len(stated)
    for one in stated:
        asked = {
            value.removeprefix("env:") for value in one.options.values() if str(value).startswith("env:")
        }
        assert asked == set(one.secrets)
        assert not {f"env:{name}" for name in asked} & set(map(str, one.resolved("http://here").values()))


def test_the_first_source_of_all_is_the_usual_one() -> None:
    """The order of sources is their precedence, so it does not follow the alphabet by accident."""
    sources = [name for name, one in vendors.connections().items() if one.target is None]
    targets = [name for name, one in vendors.connections().items() if one.target]

    assert sources[0] == "okta-main"
    assert targets[:4] == ["acme-cloud", "acme-scim", "acme-jira", "acme-confluence"]

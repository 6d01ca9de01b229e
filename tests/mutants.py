"""`python tests/mutants.py [--only FILE] [--most N]`: does a test fail when a line is wrong?

mutmut changes one thing at a time in what decides, remembers and writes, in a copy of the checkout, and runs
the tests that reach it. Where harm is prevented (`FLOORS`) the score must not fall below a floor. One mutant
more, the control, is checked by no test. If it is killed all the same, the tests fail for another reason
than the mutants, and there is no score.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / "out" / "mutants"
DECIDE = "tests/provisioning/decide"
TESTS = {
    f"provisioning/decide/{name}.py": [f"{DECIDE}/test_{name}.py"]
    for name in ("guard", "preconditions", "scope_losses")
} | {
    "provisioning/decide/lifecycle.py": [
        f"{DECIDE}/test_{name}.py" for name in ("lifecycle", "decide", "undecided", "correlate", "idp_groups")
    ],
    "provisioning/decide": [DECIDE],
    "provisioning/model/merge.py": ["tests/provisioning/model/test_merge.py"],
    "ledger": ["tests/ledger"],
    "tasks/consent.py": ["tests/tasks/test_consent.py"],
    "tasks/load.py": ["tests/flows/test_load.py"],
    "tasks/batches.py": ["tests/tasks/test_batches.py", "tests/flows/test_load.py"],
}
"""Folder or file that is mutated → the tests that hold it; the closer, the sooner there is a score."""
FLOORS = dict.fromkeys(
    [
        "provisioning.decide.guard",
        "provisioning.decide.preconditions",
        "provisioning.decide.lifecycle",
        "provisioning.model.merge",
        "tasks.consent",
        "tasks.load",
        "tasks.batches",
    ],
    0.90,
)
"""Module → share of its mutants that tests must kill."""
CONTROL = Path("ledger/control.py")
CONTROL_TEST = Path("tests/ledger/test_control.py")
KILLED = {"killed", "timeout"}
"""A mutant that makes the tests hang is seen, too."""


def main() -> None:
    """Make the mutants, run the tests on them and print the score."""
    wanted = _arguments()
    files = _files(wanted.only)
    _copy()
    _configure(files)
    names = _mutants([*files, CONTROL])
    control = names.pop()
    some = sorted(random.Random(0).sample(names, min(wanted.most or len(names), len(names))))
    print(f"{len(some)} of {len(names)} mutants in {len(files)} files")
    state = _run([*some, control])
    if state[control] != "survived":
        sys.exit(
            "No score: the control, which no test looks at, was killed. Run its tests by hand in out/mutants."
        )
    fates = _by_module({name: state[name] for name in some})
    _print(fates, {name: state[name] for name in some})
    if low := [module for module, floor in FLOORS.items() if _score(fates.get(module)) < floor]:
        sys.exit(f"Below its floor: {', '.join(low)}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", help="one file, such as provisioning/decide/guard.py")
    parser.add_argument("--most", type=int, help="so many mutants, drawn by chance but the same each time")
    return parser.parse_args()


def _files(only: str | None) -> list[Path]:
    found = {
        path.relative_to(ROOT): None
        for place in TESTS
        for path in sorted((ROOT / place).glob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
        if path.name != "__init__.py" and only in {None, str(path.relative_to(ROOT))}
    }
    return list(found) or sys.exit(f"{only} is no file of {' or '.join(TESTS)}.")


def _copy() -> None:
    """Copy what git would commit, and add the control with the test that runs and does not check it."""
    shutil.rmtree(COPY, ignore_errors=True)
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    (COPY / CONTROL).write_text("def control():\n    return 1\n")
    (COPY / CONTROL_TEST).write_text("from ledger.control import control\n\ndef test_it():\n    control()\n")


def _configure(files: Sequence[Path]) -> None:
    """Say in the copy what mutmut changes and which tests it runs."""
    held = [TESTS.get(str(file)) or TESTS[str(file.parent)] for file in files]
    tests = {test for tests in held for test in tests} | {str(CONTROL_TEST)}
    settings = {
        "source_paths": [path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()],
        "only_mutate": [str(file) for file in [*files, CONTROL]],
        "pytest_add_cli_args_test_selection": sorted(tests),
        # One database is enough, and the other would start a server for each mutant.
        "pytest_add_cli_args": ["-k", "not postgresql"],
    }
    lines = [f"{key} =\n" + "".join(f"    {value}\n" for value in values) for key, values in settings.items()]
    (COPY / "setup.cfg").write_text("[mutmut]\n" + "".join(lines))


def _mutants(files: Sequence[Path]) -> list[str]:
    """Names of the mutants there can be, as mutmut makes them."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    with chdir(COPY):
        return [
            f"{'.'.join(file.with_suffix('').parts)}.{name}"
            for file in files
            for name in mutate_file_contents(str(file), file.read_text()).mutant_names
        ]


def _run(names: Sequence[str]) -> dict[str, str]:
    """Run the tests on each mutant: name → killed, survived, timeout, no tests."""
    # The worlds of the property tests come in the same order each time: the first of them are enough.
    env = {**os.environ, "SEATWISE_EXAMPLES": "2"}
    mutmut = [sys.executable, "-m", "mutmut"]
    log = COPY / "mutmut.log"
    with log.open("w") as out:
        ran = subprocess.run([*mutmut, "run", *names], cwd=COPY, env=env, stdout=out, stderr=out, check=False)
    if ran.returncode:
        sys.exit(f"mutmut failed; the end of {log}:\n{log.read_text()[-2000:]}")
    listing = [*mutmut, "results", "--all", "1"]
    results = subprocess.run(listing, cwd=COPY, capture_output=True, text=True, check=True).stdout
    return dict(line.strip().split(": ") for line in results.splitlines() if ": " in line)


def _by_module(state: Mapping[str, str]) -> dict[str, Counter[str]]:
    modules: dict[str, Counter[str]] = defaultdict(Counter)
    for name, fate in state.items():
        modules[name.rpartition(".")[0]][fate] += 1
    return modules


def _score(fates: Counter[str] | None) -> float:
    """Share of mutants that were killed; whole where none was made."""
    return sum(fates[fate] for fate in KILLED) / fates.total() if fates else 1.0


def _print(modules: Mapping[str, Counter[str]], state: Mapping[str, str]) -> None:
    """Print the score of each module and of all, and the mutants that no test saw."""
    for module, fates in [*modules.items(), ("all", sum(modules.values(), Counter()))]:
        killed, floor = sum(fates[fate] for fate in KILLED), FLOORS.get(module)
        told = f"   at least {floor:.0%}" if floor else ""
        print(f"{module:<40} {killed:>5} of {fates.total():<5} killed {_score(fates):>5.0%}{told}")
    print("\nNot killed; look at one with: cd out/mutants && ../../.venv/bin/mutmut show NAME")
    print("\n".join(f"  {name} ({fate})" for name, fate in state.items() if fate not in KILLED))


if __name__ == "__main__":
    main()

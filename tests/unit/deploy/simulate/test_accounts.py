"""Who plays is read from what the demo wrote down."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import Refused, main
from deploy.simulate.accounts import Account, read_demo
from shared.contracts.codes import PartnerKind


def write(folder: Path, content: Any) -> None:
    (folder / "demo.json").write_text(json.dumps(content), encoding="utf-8")


def test_the_user_who_sees_most_agencies_comes_first_and_operators_do_not_play(tmp_path: Path) -> None:
    user = {"password": "p", "agency": "agency-fr"}
    write(
        tmp_path,
        {
            "users": [
                {"email": "broker@x", "role": "broker", "agencies": ["agency-fr"], **user},
                {"email": "handler@x", "role": "handler", "agencies": ["agency-fr", "agency-il"], **user},
                {"email": "ops@x", "role": "ops", "agencies": [], **user},
            ],
            "partners": [{"id": "insurer-alpha", "kind": "insurer", "policy_numbers": ["1"]}],
        },
    )
    demo = read_demo(tmp_path)
    assert demo.users == (Account("handler@x", "p"), Account("broker@x", "p"))
    assert demo.partners == {"insurer-alpha": PartnerKind.INSURER}
    assert demo.policy_numbers == {"insurer-alpha": ("1",)}


def test_without_a_demo_the_operator_is_told_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="start it with `make run`"):
        read_demo(tmp_path)


@pytest.mark.parametrize("content", [[], {"users": [{}], "partners": []}, {"users": []}])
def test_accounts_that_are_none_are_refused_by_name(tmp_path: Path, content: Any) -> None:
    write(tmp_path, content)
    with pytest.raises(Refused, match=r"demo\.json cannot be read"):
        read_demo(tmp_path)


@pytest.mark.parametrize("options", [["--rate", "0"], ["--rate", "5000"], ["--seconds", "-1"]])
def test_a_rate_or_time_that_makes_no_sense_is_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", *options])

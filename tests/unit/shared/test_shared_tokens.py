import time
from typing import Any, cast

import jwt
import pytest
from pydantic import SecretStr
from starlette.datastructures import State
from starlette.requests import Request

from shared.db.tenancy import Role, Scope
from shared.http.problems import Problem
from shared.http.tokens import _key, internal_scope, sign, verify
from shared.settings import DEVELOPMENT_SECRET, Settings

SETTINGS = Settings(secret=SecretStr(DEVELOPMENT_SECRET))
BROKER = Scope("user-1", "broker", ("agency-1", "agency-2"), "Zoé")
GARAGE = Scope("garage-lyon", "partner", (), "", partner_id="garage-lyon")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "dossier",
        "aud": "claims",
        "sub": "user-1",
        "iat": now,
        "exp": now + 60,
        "jti": "token-1",
        "role": "broker",
        "agencies": ["agency-1"],
        "name": "Zoé",
        **changes,
    }


def encoded(algorithm: str = "HS256", key: bytes | None = None, **changes: Any) -> str:
    if algorithm == "none":
        return jwt.encode(claims(**changes), cast("Any", None), algorithm=algorithm)
    return jwt.encode(
        claims(**changes), _key(DEVELOPMENT_SECRET) if key is None else key, algorithm=algorithm
    )


def refused(token: str, audience: str = "claims") -> int:
    with pytest.raises(Problem) as caught:
        verify(SETTINGS, token, audience)
    assert caught.value.code == "unauthenticated"
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}
    return caught.value.status


@pytest.mark.parametrize("scope", [BROKER, GARAGE, Scope("clock", "system", ("agency-1",))])
def test_what_is_signed_comes_back(scope: Scope) -> None:
    assert verify(SETTINGS, sign(SETTINGS, scope, "claims"), "claims") == scope


def test_each_token_has_its_own_identifier_and_a_short_life() -> None:
    first, second = (
        jwt.decode(sign(SETTINGS, BROKER, "claims"), options={"verify_signature": False}) for _ in "12"
    )
    assert first["jti"] != second["jti"]
    assert first["exp"] - first["iat"] == 60
    assert set(first) == {"iss", "aud", "sub", "iat", "exp", "jti", "role", "agencies", "name"}


def test_a_token_for_another_service_is_refused() -> None:
    assert refused(sign(SETTINGS, BROKER, "policy")) == 401


def test_a_late_token_is_refused_beyond_the_leeway() -> None:
    assert refused(sign(SETTINGS, BROKER, "claims", ttl=-6)) == 401
    assert verify(SETTINGS, sign(SETTINGS, BROKER, "claims", ttl=-2), "claims") == BROKER


def test_a_token_of_another_secret_is_refused() -> None:
    other = Settings(secret=SecretStr("another secret that is long enough, too"))
    assert refused(sign(other, BROKER, "claims")) == 401


def test_the_bare_secret_is_not_the_key() -> None:
    assert refused(encoded(key=DEVELOPMENT_SECRET.encode())) == 401


@pytest.mark.filterwarnings("ignore")  # the library warns of a key that is short for HS512
def test_an_unsigned_token_and_another_algorithm_are_refused() -> None:
    assert refused(encoded(algorithm="none")) == 401
    assert refused(encoded(algorithm="HS512")) == 401


@pytest.mark.filterwarnings("ignore")  # the library warns of what this test plants
@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "iat", "exp", "jti", "role", "agencies"])
def test_a_token_without_one_of_its_claims_is_refused(missing: str) -> None:
    without = {name: value for name, value in claims().items() if name != missing}
    assert refused(jwt.encode(without, _key(DEVELOPMENT_SECRET), algorithm="HS256")) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "root"},
        {"role": ["broker"]},
        {"agencies": "agency-1"},
        {"agencies": [1]},
        {"agencies": [""]},
        {"name": 5},
        {"role": "partner"},
        {"partner": "garage-lyon"},
    ],
)
def test_a_token_with_claims_that_make_no_scope_is_refused(changes: dict[str, Any]) -> None:
    assert refused(encoded(**changes)) == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token) == 401


def request(authorization: str | None) -> Request:
    class Application:
        state = State({"settings": SETTINGS})

    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return Request({"type": "http", "headers": headers, "app": Application()})


def test_the_dependency_lets_people_of_agencies_through() -> None:
    assert internal_scope("claims")(request(f"Bearer {sign(SETTINGS, BROKER, 'claims')}")) == BROKER


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz"])
def test_the_dependency_refuses_a_request_without_token(authorization: str | None) -> None:
    with pytest.raises(Problem) as caught:
        internal_scope("claims")(request(authorization))
    assert caught.value.status == 401


@pytest.mark.parametrize("role", ["ops", "partner", "system"])
def test_other_roles_pass_only_where_they_are_named(role: Role) -> None:
    scope = Scope("someone", role, partner_id="garage-lyon" if role == "partner" else None)
    asked = request(f"Bearer {sign(SETTINGS, scope, 'claims')}")
    with pytest.raises(Problem) as caught:
        internal_scope("claims")(asked)
    assert (caught.value.status, caught.value.code) == (403, "not_allowed")
    assert internal_scope("claims", roles=(role,))(asked) == scope

from pathlib import Path

import pytest

from shared.settings import Settings, SettingsError, describe_settings, load_settings

GOOD_SECRET = "a-random-value-of-more-than-thirty-two-characters"


class ReminderSettings(Settings):
    reminder_days: int = 14


def test_a_service_without_a_database_setting_gets_a_file_in_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings(Settings, data_dir=tmp_path)
    assert settings.database_url_of("claims") == f"sqlite+aiosqlite:///{tmp_path}/claims.db"


def test_database_and_url_of_a_service_come_from_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_CLAIMS_DATABASE_URL", "postgresql://db/claims")
    monkeypatch.setenv("DOSSIER_CLAIMS_URL", "http://claims.internal/")
    settings = load_settings(Settings)
    assert settings.database_url_of("claims") == "postgresql://db/claims"
    assert settings.service_url_of("claims") == "http://claims.internal"


def test_services_are_on_their_embedded_ports_by_default() -> None:
    settings = load_settings(Settings, port=9000)
    assert settings.service_url_of("gateway") == "http://127.0.0.1:9000"
    assert [settings.port_of(name) for name in ("policy", "claims", "documents", "notifications")] == [
        8001,
        8002,
        8003,
        8004,
    ]


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown service 'garage'"):
        load_settings(Settings).database_url_of("garage")


def test_the_bus_is_embedded_until_a_bootstrap_is_named() -> None:
    embedded = load_settings(Settings, kafka_port=19999)
    assert (embedded.embedded, embedded.bootstrap) == (True, "127.0.0.1:19999")
    real = load_settings(Settings, kafka_bootstrap="kafka:9092")
    assert (real.embedded, real.bootstrap) == (False, "kafka:9092")


@pytest.mark.parametrize("secret", [None, "", "short", "development-only-secret-never-for-production"])
def test_production_refuses_a_missing_default_or_short_secret(
    secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_ENV", "production")
    monkeypatch.setenv("DOSSIER_KAFKA_BOOTSTRAP", "kafka:9092")
    if secret is not None:
        monkeypatch.setenv("DOSSIER_SECRET", secret)
    with pytest.raises(SettingsError, match=r"^DOSSIER_SECRET must be set in production.*\.$"):
        load_settings(Settings)


def test_production_refuses_the_embedded_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_ENV", "production")
    monkeypatch.setenv("DOSSIER_SECRET", GOOD_SECRET)
    with pytest.raises(SettingsError, match="DOSSIER_KAFKA_BOOTSTRAP must be set in production"):
        load_settings(Settings)


def test_production_starts_with_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{GOOD_SECRET}\n")
    monkeypatch.setenv("DOSSIER_ENV", "production")
    monkeypatch.setenv("DOSSIER_KAFKA_BOOTSTRAP", "kafka:9092")
    monkeypatch.setenv("DOSSIER_SECRET_FILE", str(tmp_path / "secret"))
    assert load_settings(Settings).secret.get_secret_value() == GOOD_SECRET


def test_a_variable_wins_over_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("from-file")
    monkeypatch.setenv("DOSSIER_S3_BUCKET_FILE", str(tmp_path / "bucket"))
    assert load_settings(Settings).s3_bucket == "from-file"
    monkeypatch.setenv("DOSSIER_S3_BUCKET", "from-variable")
    assert load_settings(Settings).s3_bucket == "from-variable"


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_SECRET_FILE", "/nowhere/secret")
    with pytest.raises(SettingsError, match="DOSSIER_SECRET_FILE names a file that cannot be read"):
        load_settings(Settings)


def test_a_bad_value_is_named_without_being_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_PORT", "canary")
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings)
    assert str(caught.value).startswith("DOSSIER_PORT is not valid")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"kafka_security": "SASL_SSL"}, "DOSSIER_KAFKA_USERNAME and DOSSIER_KAFKA_PASSWORD"),
        ({"s3_endpoint": "s3.example"}, "DOSSIER_S3_ACCESS_KEY and DOSSIER_S3_SECRET_KEY"),
    ],
)
def test_settings_that_need_others_name_them(values: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(Settings, **values)


def test_every_setting_is_documented_and_secrets_are_not_shown() -> None:
    rows = {name: (default, text) for name, default, text in describe_settings()}
    assert len(rows) == len(Settings.model_fields)
    assert all(text.endswith(".") for _, text in rows.values())
    assert rows["DOSSIER_SECRET"][0] == "(development only)"
    assert rows["DOSSIER_PORT"][0] == "8000"


def test_a_service_s_own_settings_are_documented_with_the_shared_ones() -> None:
    names = [name for name, _, _ in describe_settings(ReminderSettings)]
    assert names.count("DOSSIER_PORT") == 1
    assert "DOSSIER_REMINDER_DAYS" in names

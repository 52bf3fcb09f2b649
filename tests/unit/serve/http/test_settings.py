import os
import subprocess
import sys
from pathlib import Path

import pytest

from embeat_serve.cli.main import main
from embeat_serve.errors import UsageError
from embeat_serve.http.settings import HttpSettings, PreloadMode, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("0.0.0.0:8080", "0.0.0.0", 8080),  # noqa: S104
        (":9000", "127.0.0.1", 9000),
        ("9000", "127.0.0.1", 9000),
        ("example.org", "example.org", 8765),
        ("[::1]:81", "::1", 81),
        ("[::1]", "::1", 8765),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize("text", ["a:b", "a:70000", "http://a:80", "a:-1", "a:٣"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="expected HOST:PORT"):
        parse_address(text)


def test_settings_from_the_environment() -> None:
    environment = {
        "EMBEAT_HTTP_WORKERS": "3",
        "EMBEAT_HTTP_TIMEOUT": "2.5",
        "EMBEAT_HTTP_API_KEY": "k",
        "EMBEAT_HTTP_CORS": "https://a.example, https://b.example",
        "EMBEAT_HTTP_HOSTS": "",
    }
    settings = HttpSettings.from_environment("[::1]:1", environment)
    assert (settings.workers, settings.timeout, settings.queue) == (3, 2.5, 96)
    assert settings.cors == ("https://a.example", "https://b.example")
    assert "k" not in repr(settings).split("api_key")
    assert "api_key" not in repr(settings)


def test_an_address_on_the_command_line_comes_before_the_environment() -> None:
    assert HttpSettings.from_environment(None, {"EMBEAT_HTTP_HOST": "[::1]"}).host == "::1"
    environment = {"EMBEAT_HTTP_HOST": "192.168.1.2", "EMBEAT_HTTP_PORT": "9000"}
    found = [HttpSettings.from_environment(text, environment) for text in (None, "", ":81")]
    assert [(one.host, one.port) for one in found] == [
        ("192.168.1.2", 9000),
        ("192.168.1.2", 9000),
        ("127.0.0.1", 81),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("WORKERS", "0"),
        ("WORKERS", "x"),
        ("QUEUE", "-1"),
        ("TIMEOUT", "0"),
        ("WARM", "sometimes"),
    ],
)
def test_settings_that_cannot_be(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"EMBEAT_HTTP_{name}"):
        HttpSettings.from_environment(environment={f"EMBEAT_HTTP_{name}": value})


def test_a_mode_may_be_given_as_text() -> None:
    assert HttpSettings(warm="no").warm is PreloadMode.NO  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="must be auto, yes, no, found 'sometimes'"):
        HttpSettings(warm="sometimes")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.168.1.2", False)],
)
def test_only_a_server_on_loopback_minds_its_name(host: str, local: bool) -> None:
    assert (HttpSettings(host=host).allowed_hosts is not None) == local


def test_http_is_one_way_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["晴天", "--http"]) == 2
    assert main(["--http", "nowhere:at:all"]) == 2
    assert "HOST:PORT" in capsys.readouterr().err


@pytest.mark.process
def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError('no', name='fastapi')")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "embeat_serve", "--http"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 2
    assert "pip install 'embeat[http]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
def test_the_command_line_loads_none_of_it() -> None:
    code = "import embeat_serve.cli.main, embeat_serve.recommender, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"fastapi", "starlette", "uvicorn", "pydantic", "prometheus_client"}

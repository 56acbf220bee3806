"""Downloads: a file is whole or does not exist."""

import hashlib
import os
import re

import file_server
import pytest
import requests

from graphmode import downloads
from graphmode.errors import InputError

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with file_server.serve(good=CONTENT, bad=CONTENT[1:]) as server:
        yield server


def test_the_cache_is_where_linux_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert downloads.cache_folder() == tmp_path / "elsewhere" / "graphmode-gans"
    for value in ("", None):
        monkeypatch.delenv("XDG_CACHE_HOME") if value is None else monkeypatch.setenv(
            "XDG_CACHE_HOME", value
        )
        assert downloads.cache_folder() == tmp_path / ".cache" / "graphmode-gans"


@pytest.mark.parametrize("home", ["none", "read-only"])
def test_without_a_home_that_can_be_written_the_cache_is_a_temporary_folder(
    home, monkeypatch, tmp_path
):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(downloads.tempfile, "gettempdir", lambda: str(tmp_path))
    if home == "none":

        def none(*names, **more):
            raise RuntimeError("could not determine the home directory")

        monkeypatch.setattr(downloads.platformdirs, "user_cache_path", none)
    else:  # the tests may run as root, who may write everywhere
        monkeypatch.setattr(downloads.os, "access", lambda path, mode: False)
    folder = downloads.cache_folder()
    assert folder == tmp_path / f"graphmode-gans-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700 and downloads.cache_folder() == folder
    monkeypatch.setattr(downloads.os, "getuid", lambda: 4321)
    (tmp_path / "graphmode-gans-4321").mkdir()
    with pytest.raises(InputError, match="4321 belongs to another user: set XDG_CACHE_HOME"):
        downloads.cache_folder()


def test_the_first_mirror_that_has_the_file_gives_it_and_only_once(server, tmp_path, capsys):
    path = tmp_path / "new" / "folder" / "file"
    urls = [f"{server.url}/{name}" for name in ("gone/good", "cut/good", "bad", "good", "last")]
    assert downloads.fetch(urls, path, MD5) == path
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]
    assert path.read_bytes() == CONTENT
    assert capsys.readouterr().err == "".join(f"Downloading {url}\n" for url in urls[:4])
    assert downloads.fetch([], path, MD5) == path
    path.write_bytes(CONTENT[:100])  # it has been damaged: it is downloaded again
    assert downloads.fetch(urls[3:], path, MD5).read_bytes() == CONTENT


def test_without_an_md5_a_file_that_exists_is_right(server, tmp_path):
    path = downloads.fetch([f"{server.url}/bad"], tmp_path / "file")
    assert downloads.fetch([], path).read_bytes() == CONTENT[1:]
    with pytest.raises(InputError, match="other cannot be downloaded"):
        downloads.fetch([f"{server.url}/cut/good"], tmp_path / "other")
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_download_says_why_and_leaves_nothing(server, tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    reasons = {
        f"{server.url}/gone/good": "404 Client Error",
        f"{server.url}/cut/good": ".*128000 bytes read, 128000 more expected",
        f"{server.url}/bad": f".*{MD5}.*{hashlib.md5(CONTENT[1:]).hexdigest()}",
        "http://127.0.0.1:1/refused": ".*Connection refused",
        "nonsense": "Invalid URL",
    }
    with pytest.raises(InputError) as error:
        downloads.fetch(reasons, path, MD5)
    message = str(error.value)
    for url, reason in reasons.items():
        assert re.search(rf"{re.escape(url)} \({reason}", message)
    assert message.endswith(f"; put the file into {path.parent}")
    assert "\n" not in message and list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        assert len(list((tmp_path / "folder").iterdir())) == 1  # the download has begun
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.Response, "iter_content", interrupt)
    with pytest.raises(KeyboardInterrupt):
        downloads.fetch([f"{server.url}/good"], tmp_path / "folder" / "file", MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"below cannot be downloaded: {tmp_path}/file "):
        downloads.fetch([], tmp_path / "file" / "below", MD5)

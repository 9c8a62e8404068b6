"""Where the command may write, and that it says so before it trains."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphs import head, stem
from PIL import Image

from dynconv_models import gate
from dynconv_models.gating import graph_model


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A model and pictures; 9 billion steps, since nothing must be trained."""
    graph = stem()
    graph_model.write(graph.model(head(graph)), tmp_path / "model")
    (tmp_path / "images").mkdir()
    for index in range(2):
        Image.new("RGB", (40, 30)).save(tmp_path / "images" / f"{index}.png")
    return [str(tmp_path / "model"), "--images", str(tmp_path / "images"), "--steps", "9000000000"]


def test_no_model_is_overwritten_by_its_own_result(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "model")
    before = (tmp_path / "model" / "model.json").read_bytes()
    for out in ("model", "link", "images/../model"):
        with pytest.raises(SystemExit, match="would be overwritten"):
            gate.main([*arguments, "--out", str(tmp_path / out)])
    graph_model.write(graph_model.read(tmp_path / "model"), tmp_path / "earlier")
    further = ["--further", str(tmp_path / "earlier" / "model.json")]
    with pytest.raises(SystemExit, match="would be overwritten"):
        gate.main([*arguments, *further, "--out", str(tmp_path / "earlier")])
    assert (tmp_path / "model" / "model.json").read_bytes() == before


def test_what_is_no_folder_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").write_text("something")
    for out in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(SystemExit, match="file"):
            gate.main([*arguments, "--out", str(out)])
    (tmp_path / "images" / "1.png").write_bytes((tmp_path / "images" / "0.png").read_bytes()[:60])
    with pytest.raises(SystemExit, match=r"1.png: no picture"):
        gate.main([*arguments, "--out", str(tmp_path / "out")])

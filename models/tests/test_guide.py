"""The guide's Python blocks, one after the other, make a program that runs."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parents[1] / "GUIDE.md"


@pytest.mark.skipif(find_spec("tensorflowjs") is None, reason="needs the converter")
def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) == text.count("```python") > 0
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks:
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], GUIDE, "exec", dont_inherit=True), names)
    assert 0 < names["executed"].fraction < 1
    assert (tmp_path / "finder/model.json").exists()

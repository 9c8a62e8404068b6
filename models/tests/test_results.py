"""RESULTS.md, from made-up cards and latencies."""

import json
from pathlib import Path

import pytest
from test_study import card_of

from dynconv_models import results
from dynconv_models.cards import Card, Figures, write_card
from dynconv_models.comparison import Entry, Latency, entries, read_latencies, trained_alike, verdicts
from dynconv_models.study import runs
from dynconv_models.train import Run

RATES = {"static-w050": 40.0, "static-w075": 50.0, "static-w100": 60.0, "dynamic-b025": 56.0}
MILLISECONDS = {"static-w050": 2.0, "static-w075": 4.0, "static-w100": 8.0, "dynamic-b025": 4.0}


def write(trained: Path, name: str, pckh: float) -> None:
    folder = trained / name
    folder.mkdir(parents=True)
    write_card(card_of(Run.parse(name), "key", pckh), folder)


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    for kind, rate in RATES.items():
        write(tmp_path / "trained", f"mobilenetv2-{kind}", rate)
    write(tmp_path / "trained", "mobilenetv2-dynamic-b025-seed1", 58.0)
    return tmp_path / "trained"


@pytest.fixture
def latency(tmp_path: Path) -> Path:
    models = {
        f"mobilenetv2-{kind}": {
            "dynconv": {"medianMs": ms, "p10": 0.9 * ms, "p90": 1.1 * ms},
            "wasm": {"medianMs": 2 * ms, "p10": 1.8 * ms, "p90": 2.2 * ms},
        }
        for kind, ms in MILLISECONDS.items()
    }
    file = tmp_path / "latency.json"
    file.write_text(json.dumps({"machine": "two cores", "node": "20", "runs": 50, "models": models}))
    return file


def test_nothing_is_filled_in(tmp_path: Path) -> None:
    results.main(["--trained", str(tmp_path / "none"), "--output", str(tmp_path)])
    text = (tmp_path / "RESULTS.md").read_text()
    assert "not complete: 0 of 40 runs" in text
    assert text.count("| not run yet |") == 16
    assert "**It is not\nMPII**" in text
    assert not list((tmp_path / "figures").iterdir())


def test_an_incomplete_study(tmp_path: Path, trained: Path) -> None:
    results.main(["--trained", str(trained), "--output", str(tmp_path)])
    text = (tmp_path / "RESULTS.md").read_text()
    assert "not complete: 5 of 40 runs" in text
    row = next(line for line in text.splitlines() if line.startswith("| `mobilenetv2-dynamic-b025`"))
    assert "2 of 3" in row and "57.00 [56.00, 58.00]" in row and "25.0 %" in row and "not measured" in row
    assert "`mobilenetv2-dynamic-b025`: no verdict, its latency is not measured yet." in text
    assert "`resnet-dynamic-b025`: no verdict, not run yet." in text
    assert [file.name for file in (tmp_path / "figures").iterdir()] == ["pckh-macs.svg"]


def test_verdicts_against_a_hand_made_case(trained: Path, latency: Path) -> None:
    compared = entries(runs(), trained, read_latencies(latency))
    (verdict,) = verdicts(compared)
    assert [(entry.network.name, lead) for entry, lead in verdict.faster] == [
        ("mobilenetv2-static-w050", 17.0),
        ("mobilenetv2-static-w075", 7.0),
    ]
    assert verdict.lead_at_equal_latency == pytest.approx(7.0)
    assert verdict.is_better
    write(trained, "mobilenetv2-dynamic-b025-seed2", 38.1)
    (verdict,) = verdicts(entries(runs(), trained, read_latencies(latency)))
    assert verdict.dynamic.pckh == pytest.approx(50.7) and not verdict.is_better


def entry(name: str, pckh: float, ms: float) -> Entry:
    run = Run.parse(name)
    return Entry(run.network, (card_of(run, "key", pckh),), 1, {"dynconv": Latency(ms, ms, ms)})


def test_a_network_between_two_static_ones_must_lead_the_line_through_them() -> None:
    static = [entry("mobilenetv2-static-w050", 50.0, 2.0), entry("mobilenetv2-static-w100", 60.0, 6.0)]
    for pckh, better in ((57.0, True), (55.5, False)):
        (verdict,) = verdicts([*static, entry("mobilenetv2-dynamic-b025", pckh, 4.0)])
        assert verdict.lead_at_equal_latency == pytest.approx(pckh - 55) and verdict.is_better == better
    (alone,) = verdicts([static[1], entry("mobilenetv2-dynamic-b025", 70.0, 4.0)])
    assert not alone.is_better


def test_the_line_leaves_out_static_networks_that_another_one_beats() -> None:
    fast, best = entry("mobilenetv2-static-w050", 50.0, 2.0), entry("mobilenetv2-static-w100", 60.0, 6.0)
    dynamic = entry("mobilenetv2-dynamic-b025", 58.0, 4.0)
    for pckh, ms in ((49.0, 3.0), (50.0, 3.0), (49.0, 2.0), (50.0, 2.0), (59.0, 6.0), (60.0, 7.0)):
        (verdict,) = verdicts([fast, best, dynamic, entry("mobilenetv2-static-w075", pckh, ms)])
        assert verdict.lead_at_equal_latency == pytest.approx(3.0), (pckh, ms)
    (verdict,) = verdicts([fast, best, dynamic, entry("mobilenetv2-static-w075", 57.5, 3.0)])
    assert verdict.lead_at_equal_latency == pytest.approx(58 - (57.5 + 2.5 / 3))


def test_pages_and_diagrams_are_reproducible(tmp_path: Path, trained: Path, latency: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        results.main(["--trained", str(trained), "--latency", str(latency), "--output", str(tmp_path / name)])
    for file in ("RESULTS.md", *(f"figures/pckh-{x}.svg" for x in ("macs", "latency-dynconv", "latency-wasm"))):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    text = (tmp_path / "one" / "RESULTS.md").read_text()
    assert "4.00 [3.60, 4.40]" in text and "medians of 50 runs on two cores" in text
    assert "**better**; points against `mobilenetv2-static-w050` by +17.00, `mobilenetv2-static-w075` by +7.00" in text


def test_a_missed_budget_and_unlike_trainings_show(tmp_path: Path, trained: Path) -> None:
    card = card_of(Run.parse("mobilenetv2-dynamic-b050"), "key")
    figures = Figures(**{**card.figures.__dict__, "executedConditionalMacs": 60})
    training = type(card.training)(**{**card.training.__dict__, "steps": 99})
    (trained / card.name).mkdir()
    write_card(Card(card.name, training, figures), trained / card.name)
    assert not trained_alike(entries(runs(), trained, None))
    results.main(["--trained", str(trained), "--output", str(tmp_path)])
    text = (tmp_path / "RESULTS.md").read_text()
    assert "75.0 % **misses its budget**" in text and "cannot be compared" in text


def test_broken_latencies_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "latency.json"
    file.write_text('{"models": {"a": {"wasm": {}}}}')
    with pytest.raises(ValueError, match="not the latencies"):
        read_latencies(file)


def test_pretrained_models_with_masks(tmp_path: Path) -> None:
    figures = {
        **{"macs": 2_000_000, "conditionalMacs": 1_000_000, "executedMacs": 1_400_000, "share": 0.4, "finds": 0.91},
        **{"densities": {"block_1": 0.25}, "within": {"block_1": 0.875}},
    }
    folder = tmp_path / "a-model"
    folder.mkdir()
    (folder / "dynconv.json").write_text(json.dumps({"gating": {"figures": figures}}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dynconv.json").write_text("{}")
    arguments = ["--trained", str(tmp_path / "none"), "--output", str(tmp_path), "--models", str(tmp_path)]
    results.main(arguments)
    text = (tmp_path / "RESULTS.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| `a-model`"))
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells == ["2 M", "50 %", "40 %", "1 M", "91 %", "not measured", "not measured"]
    mask = next(line for line in text.splitlines() if line.startswith("| `block_1`"))
    assert [cell.strip() for cell in mask.split("|")[2:-1]] == ["25 %", "88 %"]
    figures["labelled"] = {"pck": 45.0, "originalPck": 46.0}
    (folder / "dynconv.json").write_text(json.dumps({"gating": {"figures": figures}}))
    results.main(arguments)
    assert "|    45.0 | 46.0 |" in (tmp_path / "RESULTS.md").read_text()
    (folder / "dynconv.json").write_text("{")
    with pytest.raises(SystemExit, match="broken"):
        results.main(arguments)

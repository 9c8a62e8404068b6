"""The study: its order, and which runs it skips."""

from pathlib import Path

import pytest

from dynconv_models.cards import Card, Figures, Training, fingerprint, read_card, write_card
from dynconv_models.study import runs, study
from dynconv_models.train import Run


def card_of(run: Run, key: str, pckh: float = 50.0) -> Card:
    budget = run.network.budget
    training = Training(
        data={"name": "lspet", "version": 1, "seed": 0, "trainImages": 10},
        seed=run.seed,
        steps=1,
        batch=2,
        command="train",
        device="CPU",
        minutes=1.0,
        configuration=key,
    )
    conditional = 0 if budget is None else 80
    executed = 0 if budget is None else round(80 * budget)
    figures = Figures(
        pckh, {"left_knee": pckh}, 10, 100, conditional, 100 - conditional + executed, executed, budget, {}
    )
    return Card(run.name, training, figures)


def test_order_makes_partial_results_useful() -> None:
    names = [run.name for run in runs()]
    assert len(set(names)) == len(names) == 40
    kinds = ("static-w100", "dynamic-b025", "dynamic-b050", "static-w050", "static-w075", "static-w100-without4")
    assert names[:12] == [f"{family}-{kind}" for family in ("mobilenetv2", "resnet") for kind in kinds]
    further = ("dynamic-b0125", "static-w100-without2")
    assert set(names[12:16]) == {f"{family}-{kind}" for family in ("mobilenetv2", "resnet") for kind in further}
    assert all("-seed1" in name for name in names[16:28]) and all("-seed2" in name for name in names[28:])


class Fake:
    """Executes runs by writing their cards; each takes an hour."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.executed: list[str] = []
        self.hours = 0.0

    def execute(self, run: Run) -> Card:
        self.executed.append(run.name)
        self.hours += 1
        card = card_of(run, f"key of {run.name}")
        folder = self.output / run.name
        folder.mkdir(exist_ok=True)
        write_card(card, folder)
        return card

    def study(self, hours: float | None = None, key: str = "key of") -> list[Card]:
        selected = runs()[:4]
        return list(
            study(
                selected, lambda run: f"{key} {run.name}", self.execute, self.output, hours, lambda: 3600 * self.hours
            )
        )


def test_finished_runs_are_skipped(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    assert len(fake.study()) == 4
    assert fake.study() == []
    (tmp_path / fake.executed[2] / "dynconv.json").unlink()
    assert [card.name for card in fake.study()] == [fake.executed[2]]
    assert len(fake.study(key="another key of")) == 4


def test_no_run_starts_when_the_hours_are_over(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    fake.study(hours=1.5)
    assert fake.executed == [run.name for run in runs()[:2]]


def test_cards_come_back_as_written(tmp_path: Path) -> None:
    card = card_of(Run.parse("resnet-dynamic-b025-seed1"), "key")
    write_card(card, tmp_path)
    assert read_card(tmp_path) == card
    (tmp_path / "dynconv.json").write_text("{}")
    with pytest.raises(ValueError, match="is not the card"):
        read_card(tmp_path)


def test_a_missed_budget_shows(tmp_path: Path) -> None:
    card = card_of(Run.parse("resnet-dynamic-b050"), "key")
    write_card(card, tmp_path)
    assert "BUDGET" not in (tmp_path / "dynconv.json").read_text()
    figures = Figures(**{**card.figures.__dict__, "executedConditionalMacs": 45})
    assert figures.misses_budget
    write_card(Card(card.name, card.training, figures), tmp_path)
    assert "FAILED ITS BUDGET" in (tmp_path / "dynconv.json").read_text()


def test_fingerprints_tell_configurations_apart() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})

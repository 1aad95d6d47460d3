"""`zool models eval` with a real Triton, on pictures that are drawn here."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_repository import heads, store
from model_repository.__main__ import main
from model_repository.contract import DETECTOR
from model_repository.evaluation.alone import Alone
from model_repository.evaluation.pictures import letterboxed


def _pictures(folder: Path, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    made = []
    for index in range(count):
        noise = rng.integers(0, 256, (180, 320, 3), np.uint8)
        made.append(np.asarray(cv2.resize(cv2.GaussianBlur(noise, (0, 0), 9) * 4, (640, 360)), np.uint8))
        cv2.imwrite(str(folder / f"{index}.png"), made[-1])
    return made


def test_a_detector_is_as_good_as_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The truth is what the network alone finds: mAP50 is 1 alone, near it through Triton; the list says so."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    weights, alone = store.deployed(DETECTOR, tmp_path), Alone()
    lines = ["file,class,x,y,w,h"]
    for index, picture in enumerate(_pictures(folder, 8)):
        tensor = np.asarray(cv2.cvtColor(letterboxed(picture, weights.card), cv2.COLOR_BGR2RGB), np.uint8)
        candidates = heads.candidates(alone(weights, tensor), "yolov8", (640, 384))
        boxes, scores, classes, _ = heads.select(candidates, weights.card.overlap_max)
        for (x1, y1, x2, y2), score, kind in zip(boxes, scores, classes, strict=True):
            if score > 0.2:
                lines.append(f"{index}.png,{weights.card.labels[kind]},{x1},{y1 - 12},{x2 - x1},{y2 - y1}")
    lines.append("0.png,unicorn,1,1,2,2")
    (folder / "truth.csv").write_text("\n".join(lines) + "\n")
    assert len(lines) > 8
    words = ["--data-dir", str(tmp_path), "--json"]
    assert main(["eval", DETECTOR, "--data", str(folder), *words]) == 0
    found = json.loads(capsys.readouterr().out)
    served, by_itself = ({each["name"]: each for each in found["measured"][key]} for key in ("served", "alone"))
    assert by_itself["mAP50"]["value"] > 0.95
    assert served["mAP50"]["value"] > 0.6
    assert served["mAP50"]["low"] <= served["mAP50"]["value"] <= served["mAP50"]["high"]
    assert found["measured"]["left_out"] == ["classes that the model does not know: unicorn"]
    assert found["conditions"]["command"] == "zool models eval detector --data drawn"
    assert {each["name"] for each in found["speed"]} == {"Triton, one request at a time", "detector alone"}
    assert main(["list", *words]) == 0
    entries = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert "on " in entries["starter-detector"]["figure"]


def test_plates_are_read_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One drawn plate and one empty picture: counted by country, found or not; Cyrillic truth folds to Latin."""
    folder = tmp_path / "plates"
    folder.mkdir()
    picture = np.full((416, 416, 3), 90, np.uint8)
    cv2.rectangle(picture, (100, 180), (308, 226), (235, 235, 235), -1)
    cv2.rectangle(picture, (102, 182), (306, 224), (20, 20, 20), 2)
    cv2.putText(picture, "A123BC77", (110, 216), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (10, 10, 10), 4)
    cv2.imwrite(str(folder / "a.png"), picture)
    cv2.imwrite(str(folder / "b.png"), np.full((300, 400, 3), 114, np.uint8))
    rows = "file,text,country,x,y,w,h\na.png,А123ВС77,ru,100,180,208,46\nb.png,AA1234BB,ua,,,,\n"
    (folder / "plates.csv").write_text(rows, "utf-8")
    assert main(["eval", "plate_reader", "--data", str(folder), "--data-dir", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    served = {each["name"]: each for each in found["measured"]["served"]}
    assert served["plate found, ru"]["value"] == 1.0
    assert served["plate found, ua"]["n"] == 0
    assert served["whole plate, ua"]["value"] == 0.0
    assert served["characters, ru"]["n"] == 8
    kept = list((tmp_path / "models" / "evaluations").glob("plate_reader.*.json"))
    assert len(kept) == 1

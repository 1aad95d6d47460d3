"""The review of a data set: a page with every example, and the table in which it can be crossed out. Edge (files).

The page stands alone: no script, no address but those of its own pictures. In English and Russian.
"""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from model_repository.learning.contract import REVIEW_FILE, DatasetCard, Example, Split

COLUMNS = ("id", "keep", "split", "verdict", "what", "camera", "file", "event")
STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:2rem;background:#fafafa;color:#1c1c1c}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin-top:2rem}.grid{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0;width:18rem;background:#fff;border:1px solid #ddd;border-radius:6px;overflow:hidden}
.picture{position:relative;display:block;background:#727272}.picture img{width:100%;display:block}
.box{position:absolute;border:2px solid #1f8f4d}.box.absent{border-color:#c62828;border-style:dashed}
figcaption{padding:.5rem .75rem;overflow-wrap:anywhere}figcaption small{color:#595959;display:block}
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}figure{background:#222;border-color:#444}
figcaption small{color:#b5b5b5}}
"""


def write(card: DatasetCard, examples: Mapping[Split, Sequence[Example]], folder: Path) -> None:
    """Write `review.html` and `review.csv`."""
    with (folder / REVIEW_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for split, own in examples.items():
            for each in own:
                told = each.provenance
                writer.writerow(
                    [each.id, "yes", split, told.verdict, what(each), told.camera, f"{split}/{each.file}", told.event]
                )
    (folder / "review.html").write_text(_page(card, examples), "utf-8")


def what(example: Example) -> str:
    """What an example says, in a few words."""
    parts = [f"{'' if each.present else 'no '}{each.label}" for each in example.judged]
    parts += [label for label, _ in example.boxes if not example.judged]
    parts += [text for text in (example.text, example.person) if text]
    parts += [f"not {example.not_person}"] if example.not_person else []
    parts += [f"{item} {'worn' if worn else 'missing'}" for item, worn in example.items.items()]
    return ", ".join(parts) or "nothing"


def _page(card: DatasetCard, examples: Mapping[Split, Sequence[Example]]) -> str:
    left = "".join(f"<li>{html.escape(why)}: {count}</li>" for why, count in sorted(card.left_out.items()))
    sections = "".join(
        f"<h2>{split} · {len(own)}</h2><div class=grid>{''.join(_figure(split, each) for each in own)}</div>"
        for split, own in examples.items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{card.kind} · zool</title><style>{STYLE}</style>"
        f"<h1>Examples from feedback · Примеры из отзывов: {card.kind}</h1>"
        f"<p>{html.escape(card.made_at)} · {card.id[:12]} · {', '.join(map(html.escape, card.labels))}</p>"
        "<p>Write <code>no</code> into the column <code>keep</code> of review.csv to leave an example out. · Чтобы "
        "исключить пример, впишите <code>no</code> в столбец <code>keep</code> файла review.csv.</p>"
        f"<ul>{left}</ul>{sections}</html>\n"
    )


def _figure(split: str, example: Example) -> str:
    told = example.provenance
    models = ", ".join(f"{model.name} {model.version}" for model in told.models)
    lines = [f"{told.camera} · {example.group}", f"{told.verdict} · {told.said_by} · {told.said_at}", told.reason,
             models, f"{told.event} · {told.epoch}.{told.frame_seq}"]  # fmt: skip
    small = "".join(f"<small>{html.escape(line)}</small>" for line in lines if line.strip(" ·."))
    boxes = "".join(_box(each.area, example, present=each.present) for each in example.judged)
    boxes += "".join(_box(box, example, present=True) for _, box in example.boxes if not example.judged)
    source = html.escape(f"{split}/{example.file}", quote=True)
    return (
        f"<figure id='{html.escape(example.id, quote=True)}'><span class=picture>"
        f"<img src='{source}' alt='{html.escape(what(example), quote=True)}' loading=lazy>{boxes}</span>"
        f"<figcaption>{html.escape(what(example))}{small}</figcaption></figure>"
    )


def _box(box: tuple[float, float, float, float], example: Example, *, present: bool) -> str:
    x1, y1, x2, y2 = box
    left, top = x1 / example.width, y1 / example.height
    place = (
        f"left:{left:.2%};top:{top:.2%};width:{(x2 - x1) / example.width:.2%};height:{(y2 - y1) / example.height:.2%}"
    )
    return f"<span class='box{'' if present else ' absent'}' style='{place}'></span>"

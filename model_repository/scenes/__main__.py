"""Command line of the scenes: demo clips with their truth, and labelled training pictures."""

import argparse
import json
import sys
from pathlib import Path

import cv2

from model_repository.scenes import trials, truth
from model_repository.scenes.clips import BENCH_NAMES, NAMES, SEED, scene_of, write_clip
from model_repository.scenes.site import Scene


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when done, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.scenes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    clips = commands.add_parser("clips", help="render the cameras of the demo site to H.264 with their truth")
    clips.add_argument("--out", type=Path, required=True, help="folder for <camera>.mp4 and <camera>.json")
    clips.add_argument(
        "--only", choices=(*NAMES, *BENCH_NAMES), action="append",
        help="one camera (may be repeated); default all of the demo site",
    )  # fmt: skip
    clips.add_argument("--seconds", type=float, help="length; default 40 for gates, 66 for quiet ones, 24 indoors")
    clips.add_argument("--seed", type=int, default=SEED, help="another seed is other traffic; default %(default)s")
    boxes = commands.add_parser("boxes", help="boxes of a camera, frame by frame, as JSON lines (nothing is rendered)")
    boxes.add_argument("--only", choices=(*NAMES, *BENCH_NAMES), action="append", required=True)
    boxes.add_argument("--out", type=Path, required=True, help="folder for <camera>.boxes.jsonl")
    boxes.add_argument("--seconds", type=float)
    boxes.add_argument("--seed", type=int, default=SEED)
    frames = commands.add_parser("frames", help="labelled random pictures as JPEG and JSON lines")
    frames.add_argument("--out", type=Path, required=True)
    frames.add_argument("--count", type=int, required=True)
    frames.add_argument("--seed", type=int, default=SEED)
    frames.add_argument("--size", default="1280x720", help="WIDTHxHEIGHT, default %(default)s")
    trial = commands.add_parser("trials", help="clips by which the whole chain is measured, with their facts")
    trial.add_argument("--out", type=Path, required=True, help="folder for <name>.mp4 and <name>.json")
    trial.add_argument("--only", action="append", metavar="NAME", help="as in crossing-1; may be repeated")
    trial.add_argument("--variants", type=int, default=3, help="of every situation; default %(default)s")
    trial.add_argument("--seed", type=int, default=trials.SEED, help="default %(default)s")
    args = parser.parse_args(argv)
    if args.command == "trials":
        for name in args.only or trials.names(args.variants):
            trials.write(name, args.out, args.seed, lambda line: print(line, flush=True))
        return 0
    if args.command == "clips":
        for name in args.only or NAMES:
            write_clip(scene_of(name, args.seed, args.seconds), args.out, lambda line: print(line, flush=True))
        return 0
    if args.command == "boxes":
        for name in args.only:
            _boxes(scene_of(name, args.seed, args.seconds), args.out)
        return 0
    return _frames(args.out, args.count, args.seed, args.size)


def _boxes(scene: Scene, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{scene.name}.boxes.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in truth.box_rows(scene))


def _frames(folder: Path, count: int, seed: int, size: str) -> int:
    from model_repository.scenes.dataset import frames  # noqa: PLC0415 - clips do without its pools

    width, height = (int(v) for v in size.split("x"))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.jsonl").open("w", encoding="utf-8") as labels:
        for n, sample in enumerate(frames(seed, count, (width, height))):
            name = f"{n:06d}.jpg"
            cv2.imwrite(str(folder / name), sample.image, [cv2.IMWRITE_JPEG_QUALITY, 92])
            row = {
                "file": name,
                "boxes": sample.boxes,
                "plates": [
                    {"quad": p.quad.tolist(), "text": p.text_latin, "visible": p.visible, "box": p.vehicle_index}
                    for p in sample.plates
                ],
                "persons": [{"box": p.box_index, "helmet": p.helmet, "vest": p.vest} for p in sample.persons],
            }
            labels.write(json.dumps(row) + "\n")
            if (n + 1) % 100 == 0:
                print(f"{n + 1} of {count}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

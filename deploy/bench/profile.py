"""Which clips a benchmark shows: `--profile typical|busy`, or a folder. Edge (files)."""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.bench.fleet import Fleet, fleet
from deploy.demo.command import SITE, read_site
from deploy.demo.truth import Truth
from deploy.errors import SiteMissing

SITES = {"typical": SITE / "bench", "busy": SITE}
"""Typical: vehicles about a third of the time. Busy: the gates of the demo site, hardly a picture without motion."""


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Declare the option; `--site` wins over it."""
    parser.add_argument(
        "--profile", choices=tuple(SITES), default="typical",
        help="typical: vehicles about a third of the time; busy: all the time (default: %(default)s)",
    )  # fmt: skip
    parser.set_defaults(site=None)


def site_of(args: argparse.Namespace) -> Path:
    """The folder of the clips."""
    site: Path = args.site or SITES[args.profile]
    return site


def name_of(args: argparse.Namespace) -> str:
    """The profile, or the folder that took its place."""
    site = site_of(args)
    return str(args.profile) if site == SITES[args.profile] else site.name


def plain_fleet(args: argparse.Namespace) -> Fleet:
    """Cameras whose events nobody waits for: any `*.mp4` of the folder will do. Raises `SiteMissing`."""
    folder = site_of(args)
    clips = {path.stem: Truth(camera=path.stem, duration_s=0.0) for path in folder.glob("*.mp4")}
    truths = read_site(folder) if any(folder.glob("*.json")) else {}
    found = fleet(clips | truths, args.cameras, crossings=False)
    if found is None:
        raise SiteMissing(folder, "there is no *.mp4")
    return found

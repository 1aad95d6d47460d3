"""Rendered scenes: the demo site and the pictures that the starter models learn from.

Everything here is made by code from a seed, so the truth (boxes, plates, crossings) is known exactly. Only `stage.py`
imports Panda3D and only `clips.py` imports PyAV; the rest is numpy and OpenCV arithmetic and runs anywhere.
"""

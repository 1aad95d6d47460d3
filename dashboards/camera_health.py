"""The board "Camera health": who runs the cameras looks here. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards import vocabulary
from dashboards.common import BACKGROUND, TIME
from dashboards.gate import cameras
from dashboards.layout import board
from dashboards.panels import HIDDEN, Asked, Column, figures, lines, listing, number, yes_no
from dashboards.parts import GREEN, ORANGE, RED, words
from dashboards.places import event_links
from dashboards.text import Language, Say, speaking
from dashboards.variables import variables

OF = '{camera=~"$camera"}'


def camera_health(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "cameras",
        language,
        title=say("Camera health", "Здоровье камер"),
        about=say(
            "Which camera is lost, blind or shows a bad picture, since when and why.",
            "Какая камера потеряна, не просматривается или плохо видит, с какого времени и почему.",
        ),
        variables=variables(say, zool_url=zool_url),
        panels=(
            *_figures(say),
            cameras.table_of_cameras(say),
            cameras.live_over_time(say),
            _faults(say),
            _fault_bands(say),
            cameras.blind(say),
            cameras.blind_causes(say),
            _blind_over_time(say),
            _connects(say),
            _rates(say),
            _dropped(say),
            _lag(say),
            _tracks(say),
        ),
    )


def _figures(say: Say) -> tuple[object, ...]:
    return (
        cameras.live(say).span(6),
        number(
            say,
            ("Bad pictures now", "Плохо видят сейчас"),
            ("Cameras in whose pictures something is wrong.", "Камеры, с картинкой которых что-то не так."),
            Asked(f"sum(max by (camera) (zool_ingest_camera_degraded{OF}))"),
            limits=((None, GREEN), (0.5, ORANGE)),
            width=6,
        ),
        number(
            say,
            ("Looked at as often as asked", "Просматриваются как задано"),
            (
                "Share of analysis_fps that all cameras get; below 100 % the machine is too slow for them.",
                "Доля analysis_fps, которую получают все камеры; ниже 100 % — машине не хватает сил.",
            ),
            Asked("min(zool_ingest_rate_factor)"),
            unit="percentunit",
            limits=((None, RED), (0.7, ORANGE), (0.99, GREEN)),
            width=6,
        ),
        number(
            say,
            ("Cameras watched", "Камер наблюдается"),
            ("By all processes of ingest together.", "Всеми процессами приёма вместе."),
            Asked("sum(zool_ingest_cameras_held)"),
            width=6,
        ),
    )


def _faults(say: Say) -> object:
    return listing(
        say,
        ("Bad pictures", "Плохая картинка"),
        (
            "What was wrong with pictures in the chosen time, what lasts first; the picture is of that moment.",
            "Что было не так с картинкой за выбранное время, незаконченное сверху; снимок — того момента.",
        ),
        "faults",
        {
            "camera_name": Column("Camera", "Камера"),
            "fault": Column(
                "Fault",
                "Что не так",
                {"mappings": words(vocabulary.faults(say)), "custom__cellOptions": {"type": "color-text"}},
            ),
            "since": Column("Since", "С", TIME),
            "state": Column(
                "State",
                "Состояние",
                {
                    "mappings": words({"open": (say("lasts", "длится"), RED), "over": (say("over", "прошло"), GREEN)}),
                    "custom__cellOptions": BACKGROUND,
                    "custom__width": 100,
                },
            ),
            "lasts_s": Column("For", "Сколько", {"unit": "dthms", "custom__width": 110}),
            "picture": Column(
                "Picture",
                "Снимок",
                {"custom__cellOptions": {"type": "image"}, "custom__width": 110, "links": event_links(say)},
            ),
            "event_id": HIDDEN,
        },
        tall=True,
        width=15,
        height=9,
    )


def _fault_bands(say: Say) -> object:
    return yes_no(
        say,
        ("Faults of pictures over time", "Изъяны картинки по времени"),
        ("One band for each fault that was seen at a camera.", "По полосе на каждый изъян, замеченный у камеры."),
        Asked(
            f"max by (camera, fault) (zool_ingest_picture_fault{OF})", "{{camera}}: {{fault}}", "{{camera}}: {{fault}}"
        ),
        good="0",
        width=9,
        height=9,
    )


def _blind_over_time(say: Say) -> object:
    return lines(
        say,
        ("Not looked at, by hour", "Не просматривались, по часам"),
        ("Time of all chosen cameras together, by cause.", "Время всех выбранных камер вместе, по причинам."),
        "blind_over_time",
        series="cause",
        bars=True,
        stacked=True,
        unit="s",
    ).mappings(words(vocabulary.causes(say)))


def _connects(say: Say) -> object:
    return lines(
        say,
        ("Connecting again, by cause", "Повторные подключения, по причинам"),
        (
            "Attempts to open a camera that failed; the camera's page says which one and why.",
            "Неудачные попытки открыть камеру; на странице камеры видно, какую и почему.",
        ),
        (
            Asked(
                'sum by (cause) (increase(zool_ingest_connects_total{camera=~"$camera", cause!="none"}'
                "[$__rate_interval]))",
                "{{cause}}",
                "{{cause}}",
            ),
        ),
    )


def _rates(say: Say) -> object:
    rate = "sum(rate({name}{of}[$__rate_interval]))"
    return lines(
        say,
        ("Frames a second", "Кадров в секунду"),
        (
            "Decoded; looked at; due but unchanged, so not sent; not decoded, as nothing happened.",
            "Декодировано; просмотрено; без перемен, не отправлено; не декодировано, ничего не было.",
        ),
        tuple(
            Asked(rate.format(name=name, of=OF), en, ru)
            for name, en, ru in (
                ("zool_ingest_frames_decoded_total", "decoded", "декодировано"),
                ("zool_ingest_frames_analysed_total", "looked at", "просмотрено"),
                ("zool_ingest_frames_gated_total", "unchanged", "без перемен"),
                ("zool_ingest_frames_skipped_total", "skipped, quiet", "пропущено, тихо"),
            )
        ),
    )


def _dropped(say: Say) -> object:
    return lines(
        say,
        ("Frames due but not looked at", "Не просмотренные кадры"),
        (
            "A second, by reason. newest: a newer one came first, Triton is too slow; broken: smeared pictures.",
            "В секунду, по причинам. newest: пришёл более новый, Triton не успевает; broken: смазанная картинка.",
        ),
        (
            Asked(
                f"sum by (reason) (rate(zool_ingest_frames_dropped_total{OF}[$__rate_interval]))",
                "{{reason}}",
                "{{reason}}",
            ),
            Asked(
                f"sum by (detector) (rate(zool_ingest_further_missed_total{OF}[$__rate_interval]))",
                "further detector {{detector}}",
                "ещё один детектор {{detector}}",
            ),
        ),
    )


def _lag(say: Say) -> object:
    return lines(
        say,
        ("Delay of pictures, by camera", "Задержка картинки, по камерам"),
        ("From the picture's stamp to its report.", "От отметки кадра до его разбора."),
        (Asked(f"max by (camera) (zool_ingest_lag_seconds{OF})", "{{camera}}", "{{camera}}"),),
        unit="s",
    )


def _tracks(say: Say) -> object:
    return figures(
        say,
        ("What cameras give", "Что дают камеры"),
        (
            "Over the chosen time, but for tracks, which are those alive now.",
            "За выбранное время; треки — живые сейчас.",
        ),
        (
            Asked(f"sum(zool_ingest_tracks_live{OF})", "tracks alive", "живых треков"),
            Asked(
                f"sum(increase(zool_ingest_shots_total{OF}[$__range]))",
                "crops to recognise",
                "снимков на распознавание",
            ),
            Asked(
                f"sum(increase(zool_ingest_crops_missed_total{OF}[$__range]))",
                "crops of the small stream",
                "из малого потока",
            ),
            Asked(
                f"sum(increase(zool_ingest_further_looks_total{OF}[$__range]))",
                "looks of further detectors",
                "других детекторов",
            ),
            Asked(
                f"sum(increase(zool_ingest_blind_seconds_total{OF}[$__range]))",
                "blind, camera-seconds",
                "слепых камеро-секунд",
            ),
            Asked("sum(increase(zool_ingest_probes_total[$__range]))", "camera tests", "проверок камер"),
        ),
        limits=((None, "blue"),),
        width=12,
    )

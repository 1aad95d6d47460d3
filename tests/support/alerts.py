"""For each alert, series under which it fires and others under which it must not. Pure.

Values are in promtool's notation, one a minute: `0+6x60` is 0, 6, 12 … sixty times more.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dashboards.alerts.rule import Alert

Series = dict[str, str]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One alert."""

    fires: Series
    quiet: Series
    at: str = "30m"


def _burning(late: int, spans: str) -> Series:
    """A hundred events a minute, so many of them late."""
    return {
        'zool_decide_event_seconds_bucket{function="vehicles",le="2.0"}': f"0+{100 - late}x{spans}",
        'zool_decide_event_seconds_count{function="vehicles"}': f"0+100x{spans}",
    }


def _passages(read: int, unread: int) -> Series:
    return {
        'zool_decide_passages_total{camera="gate",plate="read"}': f"0+{read}x400",
        'zool_decide_passages_total{camera="gate",plate="unread"}': f"0+{unread}x400",
    }


def _verdicts(good: int, bad: int) -> Series:
    return {
        'zool_api_verdicts_total{kind="intrusion",verdict="confirmed"}': f"0+{good}x400",
        'zool_api_verdicts_total{kind="intrusion",verdict="false_alarm"}': f"0+{bad}x400",
    }


def _triton(queue_us: int) -> Series:
    return {
        'nv_inference_queue_duration_us{model="detector",version="1"}': f"0+{60 * queue_us}x60",
        'nv_inference_request_success{model="detector",version="1"}': "0+60x60",
    }


def _looked(analysed: int) -> Series:
    return {
        'zool_ingest_camera_live{camera="gate"}': "1x60",
        'zool_ingest_frames_analysed_total{camera="gate"}': f"0+{analysed}x60",
        'zool_ingest_frames_gated_total{camera="gate"}': "0x60",
    }


def _decide(taken: int) -> Series:
    return {
        'zool_ingest_frames_analysed_total{camera="gate"}': "0+300x60",
        'zool_decide_inputs_total{stream="DETECTIONS"}': f"0+{taken}x60",
    }


def _store(rows: int) -> Series:
    return {
        'zool_store_retries_total{table="events"}': "0+60x60",
        'zool_store_rows_total{table="events"}': f"0+{rows}x60",
    }


def _disk(free: int) -> Series:
    return {'zool_disk_free_bytes{disk="default"}': f"{free}x60", 'zool_disk_bytes{disk="default"}': "1000x60"}


def _live(*values: int) -> Series:
    return {f'zool_ingest_camera_live{{camera="c{n}"}}': f"{value}x60" for n, value in enumerate(values)}


def _one(series: str, fires: str, quiet: str, at: str = "30m") -> Case:
    return Case(fires={series: fires}, quiet={series: quiet}, at=at)


CASES: dict[str, Case] = {
    "ZoolCameraLost": _one('zool_ingest_camera_live{camera="gate"}', "1x10 0x50", "1 1 0 0 0 1x55"),
    "ZoolCamerasLostTogether": Case(fires=_live(0, 0, 1, 1), quiet=_live(0, 1, 1, 1, 1)),
    "ZoolCameraDegraded": _one('zool_ingest_picture_fault{camera="gate",fault="covered"}', "1x60", "0x20 1x40"),
    "ZoolCameraNotLookedAt": Case(fires=_looked(0), quiet=_looked(300)),
    "ZoolCameraBlindTime": _one(
        'zool_ingest_blind_seconds_total{camera="gate",cause="network"}', "0+10x90", "0+1x90", "80m"
    ),
    "ZoolMachineTooSlow": _one("zool_ingest_rate_factor", "0.5x60", "0.9x60"),
    "ZoolPlatesUnread": Case(fires=_passages(5, 5), quiet=_passages(19, 1), at="390m"),
    "ZoolMessagesDiscarded": _one(
        'zool_postprocess_gaps_total{stream="EVENTS",consumer="store"}', "0x20 7x40", "7x60", "25m"
    ),
    "ZoolIngestGaveUp": _one('zool_ingest_outbox_dropped_total{camera="gate"}', "0x20 3x40", "3x60", "25m"),
    "ZoolDeadLetters": _one('zool_postprocess_dead_total{stage="store"}', "0x20 1x40", "1x60"),
    "ZoolStageStopped": _one('zool_postprocess_stopped{reader="store"}', "1x60", "0x60"),
    "ZoolComponentDown": _one('up{job="zool",component="store"}', "1x10 0x50", "1x28 0 1x30"),
    "ZoolStreamLag": _one('zool_queue_age_seconds{stream="EVENTS",reader="store"}', "0+20x60", "2x60"),
    "ZoolStreamNearlyFull": Case(
        fires={'zool_queue_bytes{stream="SHOTS"}': "95x60", 'zool_queue_bytes_max{stream="SHOTS"}': "100x60"},
        quiet={'zool_queue_bytes{stream="SHOTS"}': "50x60", 'zool_queue_bytes_max{stream="SHOTS"}': "100x60"},
    ),
    "ZoolBrokerAway": _one("zool_queue_looked_timestamp_seconds", "60x60", "0+60x60"),
    "ZoolDecideStandsStill": Case(fires=_decide(0), quiet=_decide(300)),
    "ZoolLatencyFast": Case(fires=_burning(30, "120"), quiet=_burning(1, "120"), at="90m"),
    "ZoolLatencySlow": Case(fires=_burning(8, "420"), quiet=_burning(1, "420"), at="400m"),
    "ZoolStoreNotWriting": Case(fires=_store(0), quiet=_store(100)),
    "ZoolDiskFillsUp": Case(fires=_disk(50), quiet=_disk(500)),
    "ZoolDiskFullInADay": _one('zool_disk_free_bytes{disk="default"}', "100000-100x500", "100000-1x500", "480m"),
    "ZoolTritonDown": _one('up{job="zool",component="triton"}', "1x10 0x50", "1x60"),
    "ZoolTritonQueue": Case(fires=_triton(400_000), quiet=_triton(5_000)),
    "ZoolTritonFailures": _one(
        'nv_inference_request_failure{model="detector",version="1",reason="BACKEND"}', "0+60x60", "9x60"
    ),
    "ZoolDeliveryFails": _one('zool_deliver_up{target="office"}', "0x60", "1x60"),
    "ZoolCommandsExpire": _one('zool_deliver_messages_total{kind="relay",outcome="expired"}', "0+1x60", "3x60"),
    "ZoolFalseAlarms": Case(fires=_verdicts(1, 1), quiet=_verdicts(9, 1), at="390m"),
    "ZoolApiErrors": _one('zool_api_requests_total{method="GET",route="/events",status="503"}', "0+60x60", "9x60"),
    "ZoolPasswordsGuessed": _one("zool_api_failed_logins_total", "0+20x60", "0+1x60"),
    "ZoolAuditRefused": _one('zool_api_audit_records_total{outcome="refused"}', "0x20 1x40", "1x60", "25m"),
    "ZoolCertificateEnds": _one("zool_api_certificate_end_timestamp_seconds", "600000x60", "0x60"),
}


def unit_tests(rules: str, alert: Alert) -> dict[str, Any]:
    """What `promtool test rules` takes, of one alert and a file with its rule: it fires, and stays silent."""
    case = CASES[alert.name]
    tests = [
        _test(f"{alert.name} fires", case.fires, case.at, alert.name, firing=True),
        _test(f"{alert.name} stays silent", case.quiet, case.at, alert.name, firing=False),
    ]
    return {"rule_files": [rules], "evaluation_interval": "1m", "tests": tests}


def _test(name: str, series: Series, at: str, alert: str, *, firing: bool) -> dict[str, Any]:
    labels = f'{{alertname="{alert}"}}'
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'max by (alertname) (ALERTS{{alertname="{alert}", alertstate="firing"}})',
                "eval_time": at,
                "exp_samples": [{"labels": labels, "value": 1}] if firing else [],
            }
        ],
    }

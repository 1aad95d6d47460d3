"""All alerts. Pure.

Rules
- Metrics are those of `dashboards.metrics`; a test holds that, another that each alert fires and stays silent as meant.
- A counter appears with its first count, which `increase` misses: what repeats itself is told by the second one.
"""

from __future__ import annotations

from dashboards.alerts.rule import Alert, Group
from dashboards.slo import EVENT_S_MAX, GOAL, burn

CAMERAS = Group(
    name="zool-cameras",
    alerts=(
        Alert(
            name="ZoolCameraLost",
            expr="max by (camera) (zool_ingest_camera_live) == 0",
            hold="5m",
            severity="warning",
            en="Camera {{ $labels.camera }} has given no pictures for five minutes",
            ru="Камера {{ $labels.camera }} пять минут не даёт картинку",
        ),
        Alert(
            name="ZoolCamerasLostTogether",
            expr="avg(max by (camera) (zool_ingest_camera_live)) < 0.7",
            hold="2m",
            severity="critical",
            en="Only {{ $value | humanizePercentage }} of the cameras give pictures: a switch, the network, or ingest",
            ru="Картинку даёт лишь {{ $value | humanizePercentage }} камер: коммутатор, сеть или приём",
        ),
        Alert(
            name="ZoolCameraDegraded",
            expr="max by (camera, fault) (zool_ingest_picture_fault) == 1",
            hold="15m",
            severity="warning",
            en="Pictures of camera {{ $labels.camera }} have been bad for 15 minutes: {{ $labels.fault }}",
            ru="Картинка камеры {{ $labels.camera }} плоха уже 15 минут: {{ $labels.fault }}",
        ),
        Alert(
            name="ZoolCameraNotLookedAt",
            expr=(
                "max by (camera) (zool_ingest_camera_live) == 1 unless on (camera) "
                "sum by (camera) (rate(zool_ingest_frames_analysed_total[5m])"
                " + rate(zool_ingest_frames_gated_total[5m])) > 0"
            ),
            hold="5m",
            severity="critical",
            en="Camera {{ $labels.camera }} gives pictures but is not looked at",
            ru="Камера {{ $labels.camera }} даёт картинку, но её не просматривают",
        ),
        Alert(
            name="ZoolCameraBlindTime",
            expr="sum by (camera) (increase(zool_ingest_blind_seconds_total[1h])) > 360",
            severity="warning",
            en="Camera {{ $labels.camera }} was not looked at for a tenth of the last hour",
            ru="Камера {{ $labels.camera }} не просматривалась десятую часть последнего часа",
        ),
        Alert(
            name="ZoolMachineTooSlow",
            expr="min(zool_ingest_rate_factor) < 0.7",
            hold="15m",
            severity="warning",
            en="Cameras are looked at only {{ $value | humanizePercentage }} as often as asked",
            ru="Камеры просматриваются лишь на {{ $value | humanizePercentage }} от заданного",
        ),
        Alert(
            name="ZoolPlatesUnread",
            expr=(
                'sum by (camera) (increase(zool_decide_passages_total{plate="read"}[6h]))'
                " / sum by (camera) (increase(zool_decide_passages_total[6h])) < 0.7"
                " and sum by (camera) (increase(zool_decide_passages_total[6h])) > 20"
            ),
            hold="30m",
            severity="warning",
            en="Camera {{ $labels.camera }} reads only {{ $value | humanizePercentage }} of the plates",
            ru="Камера {{ $labels.camera }} читает лишь {{ $value | humanizePercentage }} номеров",
        ),
    ),
)

LOSS = Group(
    name="zool-loss",
    alerts=(
        Alert(
            name="ZoolMessagesDiscarded",
            expr=(
                "sum by (stream) (increase(zool_postprocess_gaps_total[15m])) > 0"
                " or sum by (stream) (increase(zool_decide_gaps_total[15m])) > 0"
            ),
            severity="critical",
            en="{{ $labels.stream }} discarded messages before they were read (event system_gap)",
            ru="{{ $labels.stream }} выбросил непрочитанные сообщения (событие system_gap)",
        ),
        Alert(
            name="ZoolIngestGaveUp",
            expr=(
                "sum(increase(zool_ingest_outbox_dropped_total[15m])) > 0"
                ' or sum(increase(zool_ingest_spool_messages_total{outcome=~"dropped|torn|oversize"}[15m])) > 0'
            ),
            severity="critical",
            en="ingest gave messages up: memory and disk for them are full while the broker is away",
            ru="Приём потерял сообщения: память и диск для них полны, а брокер недоступен",
        ),
        Alert(
            name="ZoolDeadLetters",
            expr="sum by (stage) (increase(zool_postprocess_dead_total[1h])) > 0",
            severity="warning",
            en="{{ $labels.stage }} put messages aside that it can't process",
            ru="{{ $labels.stage }} отложил сообщения, которые не может обработать",
        ),
        Alert(
            name="ZoolStageStopped",
            expr="max by (reader) (zool_postprocess_stopped) == 1",
            hold="1m",
            severity="critical",
            en="{{ $labels.reader }} stopped: too much of what it was given could not be processed",
            ru="{{ $labels.reader }} остановлен: слишком многое не удалось обработать",
        ),
    ),
)

STAGES = Group(
    name="zool-stages",
    alerts=(
        Alert(
            name="ZoolComponentDown",
            expr='max by (component) (up{job=~"zool.*", component!="triton"}) == 0',
            hold="2m",
            severity="critical",
            en="{{ $labels.component }} does not answer",
            ru="{{ $labels.component }} не отвечает",
        ),
        Alert(
            name="ZoolStreamLag",
            expr="max by (stream, reader) (zool_queue_age_seconds) > 120",
            hold="5m",
            severity="critical",
            en="{{ $labels.reader }} is {{ $value | humanizeDuration }} behind in {{ $labels.stream }}",
            ru="{{ $labels.reader }} отстаёт в {{ $labels.stream }} на {{ $value | humanizeDuration }}",
        ),
        Alert(
            name="ZoolStreamNearlyFull",
            expr='max by (stream) (zool_queue_bytes{stream!="DETECTIONS"} / (zool_queue_bytes_max > 0)) > 0.9',
            hold="15m",
            severity="warning",
            en="Stream {{ $labels.stream }} is {{ $value | humanizePercentage }} full: soon the oldest messages go",
            ru="Поток {{ $labels.stream }} полон на {{ $value | humanizePercentage }}: скоро уйдёт старейшее",
        ),
        Alert(
            name="ZoolBrokerAway",
            expr="time() - max(zool_queue_looked_timestamp_seconds > 0) > 120",
            severity="critical",
            en="The api has not reached the broker for {{ $value | humanizeDuration }}",
            ru="Брокер недоступен для api уже {{ $value | humanizeDuration }}",
        ),
        Alert(
            name="ZoolDecideStandsStill",
            expr=(
                "sum(rate(zool_ingest_frames_analysed_total[5m])) > 0"
                ' unless sum(rate(zool_decide_inputs_total{stream="DETECTIONS"}[5m])) > 0'
            ),
            hold="5m",
            severity="critical",
            en="Frames are looked at, but decide takes nothing: no events are made",
            ru="Кадры просматриваются, но decide ничего не берёт: событий нет",
        ),
        Alert(
            name="ZoolLatencyFast",
            expr=f"{burn('1h')} > 14.4 and {burn('5m')} > 14.4",
            severity="critical",
            en=f"Events come late: the month's budget ({GOAL:.0%} within {EVENT_S_MAX:g} s) is gone in two days",
            ru=f"События опаздывают: месячный запас ({GOAL:.0%} за {EVENT_S_MAX:g} с) кончится за два дня",
        ),
        Alert(
            name="ZoolLatencySlow",
            expr=f"{burn('6h')} > 6 and {burn('30m')} > 6",
            severity="warning",
            en=f"Events come late for hours: the month's budget ({GOAL:.0%} within {EVENT_S_MAX:g} s) lasts five days",
            ru=f"События опаздывают часами: месячного запаса ({GOAL:.0%} за {EVENT_S_MAX:g} с) хватит на пять дней",
        ),
    ),
)

STORE = Group(
    name="zool-store",
    alerts=(
        Alert(
            name="ZoolStoreNotWriting",
            expr=(
                "sum(increase(zool_store_retries_total[5m])) > 0"
                ' unless sum(rate(zool_store_rows_total{table="events"}[5m])) > 0'
            ),
            hold="5m",
            severity="critical",
            en="store tries inserts again and again and gets nothing through to ClickHouse",
            ru="store раз за разом повторяет вставки, в ClickHouse ничего не проходит",
        ),
        Alert(
            name="ZoolDiskFillsUp",
            expr="min by (disk) (zool_disk_free_bytes / zool_disk_bytes) < 0.1",
            hold="5m",
            severity="critical",
            en="Disk {{ $labels.disk }} of the store has {{ $value | humanizePercentage }} left",
            ru="На диске {{ $labels.disk }} хранилища осталось {{ $value | humanizePercentage }}",
        ),
        Alert(
            name="ZoolDiskFullInADay",
            expr="predict_linear(zool_disk_free_bytes[6h], 86400) < 0",
            hold="1h",
            severity="warning",
            en="At the pace of the last six hours disk {{ $labels.disk }} is full within a day",
            ru="С темпом последних шести часов диск {{ $labels.disk }} заполнится за сутки",
        ),
    ),
)

TRITON = Group(
    name="zool-triton",
    alerts=(
        Alert(
            name="ZoolTritonDown",
            expr='max(up{job=~"zool.*", component="triton"}) == 0',
            hold="2m",
            severity="critical",
            en="Triton does not answer: no camera is looked at",
            ru="Triton не отвечает: ни одна камера не просматривается",
        ),
        Alert(
            name="ZoolTritonQueue",
            expr=(
                "sum by (model) (rate(nv_inference_queue_duration_us[5m]))"
                " / sum by (model) (rate(nv_inference_request_success[5m])) > 250000"
            ),
            hold="10m",
            severity="warning",
            en="Requests to {{ $labels.model }} wait longer than a quarter of a second for an instance",
            ru="Запросы к {{ $labels.model }} ждут экземпляра дольше четверти секунды",
        ),
        Alert(
            name="ZoolTritonFailures",
            expr="sum by (model) (rate(nv_inference_request_failure[5m])) > 0.1",
            hold="5m",
            severity="warning",
            en="Requests to {{ $labels.model }} fail",
            ru="Запросы к {{ $labels.model }} завершаются ошибкой",
        ),
    ),
)

PEOPLE = Group(
    name="zool-outside",
    alerts=(
        Alert(
            name="ZoolDeliveryFails",
            expr="min by (target) (zool_deliver_up) == 0",
            hold="10m",
            severity="warning",
            en="Target {{ $labels.target }} has taken no messages for ten minutes",
            ru="Получатель {{ $labels.target }} десять минут не принимает сообщения",
        ),
        Alert(
            name="ZoolCommandsExpire",
            expr='sum by (kind) (increase(zool_deliver_messages_total{outcome="expired"}[15m])) > 3',
            severity="warning",
            en="Commands to {{ $labels.kind }} expire before they are taken: barriers do not open",
            ru="Команды для {{ $labels.kind }} устаревают, не дойдя: шлагбаумы не открываются",
        ),
        Alert(
            name="ZoolFalseAlarms",
            expr=(
                'sum by (kind) (increase(zool_api_verdicts_total{verdict="false_alarm"}[1d]))'
                ' / sum by (kind) (increase(zool_api_verdicts_total{verdict=~"confirmed|false_alarm"}[1d])) > 0.3'
                ' and sum by (kind) (increase(zool_api_verdicts_total{verdict=~"confirmed|false_alarm"}[1d])) > 10'
            ),
            severity="warning",
            en="{{ $value | humanizePercentage }} of the judged {{ $labels.kind }} of a day were false",
            ru="{{ $value | humanizePercentage }} оценённых за сутки {{ $labels.kind }} оказались ложными",
        ),
        Alert(
            name="ZoolApiErrors",
            expr=(
                'sum(rate(zool_api_requests_total{status=~"5.."}[5m])) / sum(rate(zool_api_requests_total[5m])) > 0.05'
            ),
            hold="10m",
            severity="warning",
            en="{{ $value | humanizePercentage }} of the answers of the api are errors",
            ru="{{ $value | humanizePercentage }} ответов api — ошибки",
        ),
        Alert(
            name="ZoolPasswordsGuessed",
            expr="sum(increase(zool_api_failed_logins_total[10m])) > 50",
            severity="warning",
            en="{{ $value | humanize }} wrong passwords or tokens within ten minutes",
            ru="{{ $value | humanize }} неверных паролей или токенов за десять минут",
        ),
        Alert(
            name="ZoolAuditRefused",
            expr='sum(increase(zool_api_audit_records_total{outcome="refused"}[15m])) > 0',
            severity="critical",
            en="Records of the audit were not taken: changes are refused meanwhile",
            ru="Записи аудита не приняты: изменения пока отклоняются",
        ),
        Alert(
            name="ZoolCertificateEnds",
            expr="min(zool_api_certificate_end_timestamp_seconds > 0) - time() < 14 * 86400",
            severity="warning",
            en="The certificate of the gRPC port ends in {{ $value | humanizeDuration }}",
            ru="Сертификат порта gRPC кончится через {{ $value | humanizeDuration }}",
        ),
    ),
)

GROUPS = (CAMERAS, LOSS, STAGES, STORE, TRITON, PEOPLE)
ALERTS = tuple(alert for group in GROUPS for alert in group.alerts)

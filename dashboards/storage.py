"""The board "Storage and queues": what waits, what is written, what room is left. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards.layout import board
from dashboards.panels import Asked, figures, lines, number, yes_no
from dashboards.parts import BLUE, GREEN, ORANGE, RED
from dashboards.pipeline import QUANTILE
from dashboards.text import Language, Say, speaking
from dashboards.variables import sources

READER = "{{stream}}: {{reader}}"


def storage(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "storage",
        language,
        title=say("Storage and queues", "Хранилище и очереди"),
        about=say(
            "Streams of the broker and their readers, tables and disks of the store, deliveries.",
            "Потоки брокера и их читатели, таблицы и диски хранилища, доставка.",
        ),
        variables=sources(zool_url=zool_url),
        panels=(*_now(say), *_queues(say), *_tables(say), *_deliveries(say)),
    )


def _now(say: Say) -> tuple[object, ...]:
    return (
        number(
            say,
            ("Oldest message that waits", "Старейшее ожидающее"),
            ("For any durable reader.", "Любого постоянного читателя."),
            Asked("max(zool_queue_age_seconds)"),
            unit="s",
            limits=((None, GREEN), (30, ORANGE), (300, RED)),
            width=6,
        ),
        number(
            say,
            ("Broker asked before", "Брокера спрашивали"),
            ("Seconds ago; old: it is away.", "Секунд назад; давно: он недоступен."),
            Asked("time() - max(zool_queue_looked_timestamp_seconds)"),
            unit="s",
            limits=((None, GREEN), (60, RED)),
            width=6,
        ),
        number(
            say,
            ("Free on the disk of the store", "Свободно на диске хранилища"),
            ("The fullest one.", "Самый полный."),
            Asked("min(zool_disk_free_bytes / zool_disk_bytes)"),
            unit="percentunit",
            limits=((None, RED), (0.1, ORANGE), (0.2, GREEN)),
            width=6,
        ),
        number(
            say,
            ("Certificate of the gRPC port", "Сертификат порта gRPC"),
            ("Days left; — without TLS.", "Осталось дней; — без TLS."),
            Asked("(min(zool_api_certificate_end_timestamp_seconds > 0) - time()) / 86400"),
            limits=((None, RED), (14, ORANGE), (30, GREEN)),
            width=6,
        ),
    )


def _queues(say: Say) -> tuple[object, ...]:
    return (
        lines(
            say,
            ("Messages that wait", "Ожидающие сообщения"),
            ("Never given to their reader yet.", "Ещё не выданы читателю."),
            (Asked("max by (stream, reader) (zool_queue_waiting)", READER, READER),),
        ),
        lines(
            say,
            ("Age of the oldest one", "Возраст старейшего"),
            ("By reader; 0 where it has all.", "По читателям; 0, если прочитано всё."),
            (Asked("max by (stream, reader) (zool_queue_age_seconds)", READER, READER),),
            unit="s",
        ),
        lines(
            say,
            ("Messages in hand", "Сообщения в работе"),
            ("Given and not yet dealt with.", "Выданы и ещё не обработаны."),
            (Asked("max by (stream, reader) (zool_queue_in_hand)", READER, READER),),
        ),
        lines(
            say,
            ("Streams, bytes", "Потоки, байт"),
            ("At its limit a stream discards the oldest.", "У предела поток выбрасывает старое."),
            (
                Asked("max by (stream) (zool_queue_bytes)", "{{stream}}", "{{stream}}"),
                Asked(
                    "max by (stream) (zool_queue_bytes_max > 0)",
                    say("{{stream}}, limit", "{{stream}}, предел"),
                    "{{stream}}, предел",
                ),
            ),
            unit="bytes",
        ),
        lines(
            say,
            ("Streams, messages", "Потоки, сообщений"),
            ("What each keeps.", "Сколько хранит каждый."),
            (Asked("max by (stream) (zool_queue_messages)", "{{stream}}", "{{stream}}"),),
        ),
        figures(
            say,
            ("Ingest waits for the broker", "Приём ждёт брокера"),
            ("In memory, then on disk.", "В памяти, затем на диске."),
            (
                Asked("sum(zool_ingest_outbox_messages)", "messages in memory", "сообщений в памяти"),
                Asked("sum(zool_ingest_outbox_bytes)", "bytes in memory", "байт в памяти"),
                Asked("sum(zool_ingest_spool_bytes)", "bytes on disk", "байт на диске"),
                Asked(
                    'sum(increase(zool_ingest_spool_messages_total{outcome=~"dropped|torn|oversize"}[$__range]))',
                    "lost on disk",
                    "потеряно на диске",
                ),
            ),
            limits=((None, BLUE),),
            width=12,
        ),
    )


def _tables(say: Say) -> tuple[object, ...]:
    table = "{{table}}"
    return (
        lines(
            say,
            ("Rows written a second", "Строк в секунду"),
            ("By table.", "По таблицам."),
            (Asked("sum by (table) (rate(zool_store_rows_total[$__rate_interval]))", table, table),),
        ),
        lines(
            say,
            ("Rows of an insert, half", "Строк за вставку, половина"),
            ("Half are smaller; at its limit for long: it lags.", "Половина меньше; долго у предела: отстаёт."),
            (Asked(QUANTILE.format(q=0.5, by="le, table", name="zool_store_batch_rows"), table, table),),
        ),
        lines(
            say,
            ("Duration of an insert", "Длительность вставки"),
            ("Grows: ClickHouse is overloaded.", "Растёт: ClickHouse перегружен."),
            (Asked(QUANTILE.format(q=0.95, by="le", name="zool_store_insert_seconds"), "95 %", "95 %"),),
            unit="s",
        ),
        lines(
            say,
            ("Hours counted again, a minute", "Пересчитано часов, в минуту"),
            ("For panels over all time.", "Для панелей за всё время."),
            (Asked("60 * sum(rate(zool_store_hours_counted_total[$__rate_interval]))", say("hours", "часы"), "часы"),),
        ),
        lines(
            say,
            ("Tables, bytes", "Таблицы, байт"),
            ("On disk, compressed.", "На диске, сжато."),
            (Asked("max by (table) (zool_table_bytes)", table, table),),
            unit="bytes",
        ),
        lines(
            say,
            ("Tables, rows", "Таблицы, строк"),
            ("Duplicates that are not merged yet included.", "Ещё не слитые дубликаты тоже."),
            (Asked("max by (table) (zool_table_rows)", table, table),),
        ),
    )


def _deliveries(say: Say) -> tuple[object, ...]:
    target = "{{target}}"
    return (
        yes_no(
            say,
            ("Targets take messages", "Получатели принимают"),
            ("Why not is in GET /api/v1/deliveries/targets.", "Почему нет — в GET /api/v1/deliveries/targets."),
            Asked("min by (target) (zool_deliver_up)", target, target),
        ),
        lines(
            say,
            ("Messages in hand, by target", "В работе, по получателям"),
            ("Stays high: it is away or slow.", "Долго высоко: недоступен или медлит."),
            (Asked("sum by (target) (zool_deliver_waiting)", target, target),),
        ),
        lines(
            say,
            ("Tries that failed, a minute", "Неудачных попыток в минуту"),
            ("By target and reason.", "По получателям и причинам."),
            (
                Asked(
                    "60 * sum by (target, reason) (rate(zool_deliver_failures_total[$__rate_interval]))",
                    target + " {{reason}}",
                    target + " {{reason}}",
                ),
            ),
        ),
        lines(
            say,
            ("Duration of a delivery, 95 %", "Длительность доставки, 95 %"),
            ("Of tries that went well, by kind.", "Удачных попыток, по видам."),
            (Asked(QUANTILE.format(q=0.95, by="le, kind", name="zool_deliver_seconds"), "{{kind}}", "{{kind}}"),),
            unit="s",
        ),
        figures(
            say,
            ("Given up, expired, grouped", "Брошено, просрочено, сгруппировано"),
            ("Over the chosen time.", "За выбранное время."),
            (
                Asked('sum(increase(zool_deliver_messages_total{outcome="dead"}[$__range]))', "given up", "брошено"),
                Asked(
                    'sum(increase(zool_deliver_messages_total{outcome="expired"}[$__range]))', "expired", "просрочено"
                ),
                Asked("sum(increase(zool_deliver_grouped_total[$__range]))", "grouped", "сгруппировано"),
            ),
            limits=((None, GREEN), (0.5, ORANGE)),
            width=12,
        ),
    )

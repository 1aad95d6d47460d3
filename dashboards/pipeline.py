"""The board "Pipeline and SLO": is every stage up, how late is it, what did it lose. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards.gate import system
from dashboards.layout import board, row
from dashboards.panels import Asked, figures, lines, number, yes_no
from dashboards.parts import BLUE, GREEN, ORANGE, RED, YELLOW
from dashboards.slo import EVENT_S_MAX, GOAL, burn, share_in_time
from dashboards.text import Language, Say, speaking
from dashboards.variables import sources

QUANTILE = "histogram_quantile({q}, sum by ({by}) (rate({name}_bucket[$__rate_interval])))"
COUNTS = ((None, BLUE),)


def pipeline(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "pipeline",
        language,
        title=say("Pipeline and SLO", "Конвейер и SLO"),
        about=say(
            f"The promise: {GOAL:.0%} of events are at the broker {EVENT_S_MAX:g} s after their frame was captured.",
            f"Обещание: {GOAL:.0%} событий у брокера через {EVENT_S_MAX:g} с после захвата кадра.",
        ),
        variables=sources(zool_url=zool_url),
        panels=(
            *_promise(say),
            system.components(say).span(12),
            _end_to_end(say),
            _stages(say),
            _flow(say),
            system.troubles(say),
            _stopped(say),
            _losses(say),
            row(say, "Recognition", "Распознавание"),
            *_recognition(say),
            row(say, "Rules and people", "Правила и люди"),
            *_rules(say),
            row(say, "Interface", "Интерфейс"),
            *_interface(say),
        ),
    )


def _promise(say: Say) -> tuple[object, ...]:
    budget = ((None, GREEN), (1, ORANGE), (6, RED))
    return (
        number(
            say,
            ("Events in time", "События вовремя"),
            (
                f"Share of the chosen time's events within {EVENT_S_MAX:g} s of their frame; promised {GOAL:.0%}.",
                f"Доля событий за выбранное время не позже {EVENT_S_MAX:g} с от кадра; обещано {GOAL:.0%}.",
            ),
            Asked(share_in_time("$__range")),
            unit="percentunit",
            decimals=2,
            limits=((None, RED), (GOAL, GREEN)),
            width=6,
        ),
        number(
            say,
            ("Budget burnt, an hour", "Расход бюджета, час"),
            (
                "How many times faster than the promise allows late events come; above 6 for hours is an alert.",
                "Во сколько раз быстрее обещанного копятся опоздания; больше 6 часами — тревога.",
            ),
            Asked(burn("1h")),
            decimals=1,
            limits=budget,
            width=4,
        ),
        number(
            say,
            ("Budget burnt, six hours", "Расход бюджета, шесть часов"),
            ("The same over six hours: what lasts.", "То же за шесть часов: что не проходит."),
            Asked(burn("6h")),
            decimals=1,
            limits=budget,
            width=4,
        ),
        number(
            say,
            ("Alarms called false", "Ложных по мнению людей"),
            (
                "Of what people judged in the chosen time, by their verdicts at the api.",
                "Среди оценённого за выбранное время, по оценкам, пришедшим в api.",
            ),
            Asked(
                'sum(increase(zool_api_verdicts_total{verdict="false_alarm"}[$__range]))'
                ' / sum(increase(zool_api_verdicts_total{verdict=~"confirmed|false_alarm"}[$__range]))'
            ),
            unit="percentunit",
            limits=((None, GREEN), (0.05, YELLOW), (0.2, RED)),
            width=5,
        ),
        number(
            say,
            ("Plates read", "Номера прочитаны"),
            (
                "Share of final passages with a plate, from the metrics.",
                "Доля окончательных проездов с номером, по метрикам.",
            ),
            Asked(
                'sum(increase(zool_decide_passages_total{plate="read"}[$__range]))'
                " / sum(increase(zool_decide_passages_total[$__range]))"
            ),
            unit="percentunit",
            limits=((None, RED), (0.8, ORANGE), (0.9, YELLOW), (0.95, GREEN)),
            width=5,
        ),
    )


def _end_to_end(say: Say) -> object:
    name = "zool_decide_event_seconds"
    return lines(
        say,
        ("From frame to event", "От кадра до события"),
        (
            "From the stamp of the frame that gave an event to its first version at the broker.",
            "От отметки кадра, давшего событие, до первой версии у брокера.",
        ),
        tuple(
            Asked(QUANTILE.format(q=q, by="le", name=name), f"{q:.0%} faster", f"быстрее {q:.0%}")
            for q in (0.5, 0.95, 0.99)
        ),
        unit="s",
    )


STAGES = (
    ("zool_ingest_report_seconds", "picture to report", "кадр → разбор"),
    ("zool_ingest_inference_seconds", "detector", "детектор"),
    ("zool_recognise_lag_seconds", "picture to read", "кадр → чтение"),
    ("zool_recognise_seconds", "recogniser", "распознаватель"),
    ("zool_recognise_gallery_seconds", "gallery", "галерея лиц"),
    ("zool_decide_lag_seconds", "happening to event", "случай → событие"),
    ("zool_store_lag_seconds", "stream to row", "поток → строка"),
    ("zool_deliver_lag_seconds", "stream to target", "поток → получатель"),
    ("zool_api_stream_lag_seconds", "stream to client", "поток → клиент"),
)


def _stages(say: Say) -> object:
    return lines(
        say,
        ("Delay by stage, 95 %", "Задержка по этапам, 95 %"),
        ("19 of 20 are faster; each from where its name begins.", "19 из 20 быстрее; каждая от начала своего имени."),
        tuple(Asked(QUANTILE.format(q=0.95, by="le", name=name), en, ru) for name, en, ru in STAGES),
        unit="s",
        height=10,
    )


def _flow(say: Say) -> object:
    rate = "sum(rate({}[$__rate_interval]))"
    flow = (
        ("zool_ingest_frames_analysed_total", "frames looked at", "кадров просмотрено"),
        ("zool_decide_inputs_total", "taken by decide", "взято decide"),
        ('zool_recognise_shots_total{outcome="read"}', "crops read", "снимков прочитано"),
        ("zool_decide_events_total", "versions of events", "версий событий"),
        ("zool_store_rows_total", "rows stored", "строк записано"),
        ('zool_deliver_messages_total{outcome="sent"}', "messages delivered", "сообщений доставлено"),
        ("zool_api_stream_events_total", "events to clients", "событий клиентам"),
    )
    return lines(
        say,
        ("Flow, a second", "Поток, в секунду"),
        (
            "What each stage gets done; one that stands still while others go on is in trouble.",
            "Сколько делает каждый этап; если один стоит, а другие идут, с ним беда.",
        ),
        tuple(Asked(rate.format(name), en, ru) for name, en, ru in flow),
        height=10,
    )


def _stopped(say: Say) -> object:
    return yes_no(
        say,
        ("Readers that stopped", "Остановленные читатели"),
        (
            "A reader that takes nothing because too much went to its dead letters; `zool dead list`, then resume.",
            "Читатель, который ничего не берёт: слишком многое ушло в отложенные; `zool dead list`, затем resume.",
        ),
        Asked("max by (reader) (zool_postprocess_stopped)", "{{reader}}", "{{reader}}"),
        good="0",
        width=9,
    )


def _grown(name: str, by: str = "") -> str:
    return f"sum{by}(increase({name}[$__range]))"


def _losses(say: Say) -> object:
    return figures(
        say,
        ("Dropped and refused", "Пропало и отвергнуто"),
        ("Over the chosen time; all zero on a healthy system.", "За выбранное время; у здоровой системы всё по нулям."),
        (
            Asked(_grown("zool_postprocess_gaps_total"), "discarded before a reader had them", "выпало до чтения"),
            Asked(_grown("zool_store_skipped_total"), "can't be stored", "не записать"),
            Asked(_grown("zool_deliver_skipped_total"), "can't be delivered", "не доставить"),
            Asked(_grown("zool_decide_snapshots_shortened_total"), "states shortened", "состояний урезано"),
            Asked(_grown("zool_api_garbage_total"), "can't be read by the api", "не прочесть в api"),
            Asked(
                'sum(increase(zool_recognise_shots_total{outcome="poison"}[$__range]))',
                "crops not readable",
                "негодных снимков",
            ),
        ),
        width=9,
    )


def _recognition(say: Say) -> tuple[object, ...]:
    return (
        lines(
            say,
            ("How sure recognisers are, half", "Уверенность распознавания, половина"),
            (
                "Half of the reads are surer; falls: dirt, light, a wrong model.",
                "Половина чтений увереннее; падает: грязь, свет, модель.",
            ),
            (
                Asked(
                    QUANTILE.format(q=0.5, by="le, recogniser", name="zool_recognise_confidence"),
                    "{{recogniser}}",
                    "{{recogniser}}",
                ),
            ),
            unit="percentunit",
            top=1.0,
        ),
        figures(
            say,
            ("Recognition", "Распознавание"),
            ("Now, and over the chosen time.", "Сейчас и за выбранное время."),
            (
                Asked("sum(zool_recognise_waiting)", "crops in memory", "снимков в памяти"),
                Asked(_grown("zool_recognise_retries_total"), "tried again", "повторов"),
                Asked("max(zool_recognise_gallery_samples)", "faces in the gallery", "лиц в галерее"),
                Asked(_grown("zool_recognise_photos_total"), "photos for enrolment", "фото для учёта"),
            ),
            limits=COUNTS,
            width=12,
        ),
    )


def _rules(say: Say) -> tuple[object, ...]:
    return (
        lines(
            say,
            ("Named outcomes that are no event", "Исходы без события"),
            (
                "A second; late_read or overflow grows: recognition lags, or a limit bites.",
                "В секунду; растёт late_read или overflow: отстаёт распознавание или мал предел.",
            ),
            (Asked("sum by (kind) (rate(zool_decide_notes_total[$__rate_interval]))", "{{kind}}", "{{kind}}"),),
            width=9,
        ),
        figures(
            say,
            ("Rules", "Правила (decide)"),
            ("How late it takes its streams, and what it holds.", "Насколько поздно берёт потоки и что держит."),
            (
                Asked("max(zool_decide_input_age_seconds)", "newest input waited, s", "новейшее ждало, с"),
                Asked("sum(zool_decide_partitions)", "partitions held", "разделов"),
                Asked("max(zool_decide_snapshot_bytes)", "largest state, bytes", "наибольшее состояние, байт"),
            ),
            limits=COUNTS,
            width=6,
            decimals=1,
        ),
        figures(
            say,
            ("People and doors", "Люди и двери"),
            ("Over the chosen time.", "За выбранное время."),
            (
                Asked(_grown("zool_api_door_decisions_total"), "decisions at doors", "решений у дверей"),
                Asked(_grown("zool_api_dead_letters_total"), "dead letters taken out", "отложенных разобрано"),
                Asked(_grown("zool_api_failed_logins_total"), "wrong passwords", "неверных паролей"),
                Asked(
                    'sum(increase(zool_api_audit_records_total{outcome="refused"}[$__range]))',
                    "audit refused",
                    "аудит отвергнут",
                ),
            ),
            limits=COUNTS,
            width=9,
        ),
    )


def _interface(say: Say) -> tuple[object, ...]:
    return (
        lines(
            say,
            ("Answers a second, by status", "Ответов в секунду, по коду"),
            ("5xx: what is missing is in /health/ready.", "5xx: чего не хватает, сказано в /health/ready."),
            (Asked("sum by (status) (rate(zool_api_requests_total[$__rate_interval]))", "{{status}}", "{{status}}"),),
            width=9,
        ),
        lines(
            say,
            ("Time to answer", "Время ответа"),
            ("Over all calls of the api.", "По всем вызовам api."),
            tuple(
                Asked(
                    QUANTILE.format(q=q, by="le", name="zool_api_request_seconds"),
                    f"{q:.0%} faster",
                    f"быстрее {q:.0%}",
                )
                for q in (0.5, 0.95)
            ),
            unit="s",
            width=6,
        ),
        figures(
            say,
            ("Clients", "Клиенты"),
            ("Now, and over the chosen time.", "Сейчас и за выбранное время."),
            (
                Asked("sum(zool_api_stream_clients)", "event streams", "потоков событий"),
                Asked("sum(zool_api_wall_clients)", "walls", "стен"),
                Asked(_grown("zool_api_wall_frames_total"), "frames of boxes", "кадров с рамками"),
                Asked(_grown("zool_api_stream_gaps_total"), "gaps told", "пропусков сообщено"),
                Asked(_grown("zool_api_stream_cut_total"), "streams cut", "потоков оборвано"),
                Asked(_grown("zool_api_acs_calls_total"), "gRPC calls", "вызовов gRPC"),
                Asked(
                    'sum(increase(zool_api_store_queries_total{outcome!="ok"}[$__range]))',
                    "failed questions",
                    "неудачных запросов",
                ),
            ),
            limits=COUNTS,
            width=9,
        ),
    )

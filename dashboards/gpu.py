"""The board "Triton and GPU": what models take, and what the cards give. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards.layout import board, row
from dashboards.panels import Asked, lines, number
from dashboards.parts import GREEN, ORANGE, RED
from dashboards.text import Language, Say, speaking
from dashboards.variables import sources

MODEL = "{{model}}"


def gpu(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "triton",
        language,
        title=say("Triton and GPU", "Triton и GPU"),
        about=say(
            "From Triton's own metrics; the row of cards stays empty where there is none.",
            "По метрикам самого Triton; ряд карт пуст там, где их нет.",
        ),
        variables=sources(zool_url=zool_url),
        panels=(
            *_now(say),
            *_models(say),
            row(say, "Cards", "Карты"),
            *_cards(say),
        ),
    )


def _per(name: str) -> str:
    """Mean milliseconds a request, by model."""
    spent, asked = f"rate({name}[$__rate_interval])", "rate(nv_inference_request_success[$__rate_interval])"
    return f"sum by (model) ({spent}) / sum by (model) ({asked}) / 1000"


def _now(say: Say) -> tuple[object, ...]:
    return (
        number(
            say,
            ("Triton answers", "Triton отвечает"),
            ("Prometheus reaches it.", "Prometheus до него достаёт."),
            Asked('min(up{job=~"zool.*", component="triton"})'),
            limits=((None, RED), (1, GREEN)),
            width=6,
        ),
        number(
            say,
            ("Requests waiting", "Запросов ждёт"),
            ("For an instance of any model.", "Экземпляра любой модели."),
            Asked("sum(nv_inference_pending_request_count)"),
            limits=((None, GREEN), (32, ORANGE), (128, RED)),
            width=6,
        ),
        number(
            say,
            ("Processor of its host", "Процессор хоста"),
            ("Share of all cores in use.", "Доля всех занятых ядер."),
            Asked("max(nv_cpu_utilization)"),
            unit="percentunit",
            limits=((None, GREEN), (0.8, ORANGE), (0.95, RED)),
            width=6,
        ),
        number(
            say,
            ("Memory of its host", "Память хоста"),
            ("Share in use.", "Доля занятой."),
            Asked("max(nv_cpu_memory_used_bytes / nv_cpu_memory_total_bytes)"),
            unit="percentunit",
            limits=((None, GREEN), (0.8, ORANGE), (0.95, RED)),
            width=6,
        ),
    )


def _models(say: Say) -> tuple[object, ...]:
    rate = "sum by (model) (rate({}[$__rate_interval]))"
    return (
        lines(
            say,
            ("Frames and crops a second", "Кадров и снимков в секунду"),
            ("Answered, by model.", "Обработано, по моделям."),
            (Asked(rate.format("nv_inference_count"), MODEL, MODEL),),
        ),
        lines(
            say,
            ("Failures a second", "Отказов в секунду"),
            ("By model; Triton's log says why.", "По моделям; почему — в журнале Triton."),
            (Asked(rate.format("nv_inference_request_failure"), MODEL, MODEL),),
        ),
        lines(
            say,
            ("Waiting for an instance, ms a request", "Ожидание экземпляра, мс на запрос"),
            (
                "Grows: add instances or cards, or look less often.",
                "Растёт: добавьте экземпляры или карты, или смотрите реже.",
            ),
            (Asked(_per("nv_inference_queue_duration_us"), MODEL, MODEL),),
            unit="ms",
        ),
        lines(
            say,
            ("The network itself, ms a request", "Сама сеть, мс на запрос"),
            ("Grows: the processor or the card is shared.", "Растёт: процессор или карта заняты ещё чем-то."),
            (Asked(_per("nv_inference_compute_infer_duration_us"), MODEL, MODEL),),
            unit="ms",
        ),
        lines(
            say,
            ("From arrival to answer, ms a request", "От запроса до ответа, мс"),
            ("Queue, input, network and output together.", "Очередь, ввод, сеть и вывод вместе."),
            (Asked(_per("nv_inference_request_duration_us"), MODEL, MODEL),),
            unit="ms",
        ),
        lines(
            say,
            ("Frames in a batch", "Кадров в пакете"),
            ("1: nothing is batched.", "1: пакеты не собираются."),
            (Asked(f"{rate.format('nv_inference_count')} / {rate.format('nv_inference_exec_count')}", MODEL, MODEL),),
        ),
    )


def _cards(say: Say) -> tuple[object, ...]:
    card = "{{gpu_uuid}}"
    return (
        lines(
            say,
            ("Cards busy", "Занятость карт"),
            ("Share of time in which a kernel ran.", "Доля времени, когда карта считала."),
            (Asked("max by (gpu_uuid) (nv_gpu_utilization)", card, card),),
            unit="percentunit",
            top=1.0,
            width=8,
        ),
        lines(
            say,
            ("Memory of cards", "Память карт"),
            ("Share in use.", "Доля занятой."),
            (Asked("max by (gpu_uuid) (nv_gpu_memory_used_bytes / nv_gpu_memory_total_bytes)", card, card),),
            unit="percentunit",
            top=1.0,
            width=8,
        ),
        lines(
            say,
            ("Power of cards", "Мощность карт"),
            ("Of what a card may take; at 100 % it slows down.", "Доля разрешённой; при 100 % карта замедляется."),
            (Asked("max by (gpu_uuid) (nv_gpu_power_usage / nv_gpu_power_limit)", card, card),),
            unit="percentunit",
            width=8,
        ),
    )

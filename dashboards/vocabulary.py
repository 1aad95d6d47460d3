"""What values are called: kinds of events, causes, faults, severities. Pure.

Rules
- A value maps to (what is shown, colour); an empty colour leaves it as it is.
- Kinds come from the functions themselves; a function from outside shows the name of its kind.
"""

from __future__ import annotations

from dashboards.parts import ENTRY_COLOUR, EXIT_COLOUR, GREEN, GREY, ORANGE, RED
from dashboards.text import Say
from postprocess.functions.registry import BUILT_IN

Meanings = dict[str, tuple[str, str]]


def kinds(say: Say) -> Meanings:
    """Of events that functions make."""
    return {kind.name: (say(kind.title.en, kind.title.ru), "") for each in BUILT_IN for kind in each.kinds}


def passages(say: Say) -> Meanings:
    """Ways over a line."""
    return {
        "vehicle_entry": (say("entry", "въезд"), ENTRY_COLOUR),
        "vehicle_exit": (say("exit", "выезд"), EXIT_COLOUR),
    }


def vehicles(say: Say) -> Meanings:
    """Kinds of vehicles."""
    return {
        "car": (say("car", "легковая"), ""),
        "truck": (say("lorry", "грузовик"), ""),
        "bus": (say("bus", "автобус"), ""),
        "motorcycle": (say("motorcycle", "мотоцикл"), ""),
        "bicycle": (say("bicycle", "велосипед"), ""),
    }


def severities(say: Say) -> Meanings:
    """How grave an event is."""
    return {
        "info": (say("note", "сведение"), GREY),
        "warning": (say("warning", "предупреждение"), ORANGE),
        "alarm": (say("alarm", "тревога"), RED),
    }


def verdicts(say: Say) -> Meanings:
    """What people said of an event."""
    return {
        "confirmed": (say("confirmed", "подтверждено"), GREEN),
        "false_alarm": (say("false alarm", "ложная тревога"), RED),
        "corrected": (say("corrected", "исправлено"), ORANGE),
        "not_person": (say("somebody else", "другой человек"), ORANGE),
    }


def causes(say: Say) -> Meanings:
    """Why a camera was lost or not looked at."""
    return {
        "camera": (say("camera gives no picture", "камера не даёт картинку"), ""),
        "network": (say("network", "сеть"), ""),
        "restart": (say("restart", "перезапуск"), ""),
        "takeover": (say("takeover by another process", "передача другому процессу"), ""),
        "inference": (say("recognition away", "распознавание недоступно"), ""),
        "broker": (say("broker away", "брокер недоступен"), ""),
        "dns": (say("name not found", "имя не найдено"), ""),
        "refused": (say("connection refused", "соединение отклонено"), ""),
        "timeout": (say("no answer", "не отвечает"), ""),
        "auth": (say("wrong password", "неверный пароль"), ""),
        "not_found": (say("no such stream", "нет такого потока"), ""),
        "no_video": (say("no video", "нет видео"), ""),
        "codec": (say("unknown codec", "неизвестный кодек"), ""),
        "broken": (say("stream broken", "поток испорчен"), ""),
        "decoder": (say("can't be decoded", "не декодируется"), ""),
        "unsafe_url": (say("address not allowed", "адрес не разрешён"), ""),
    }


def faults(say: Say) -> Meanings:
    """What is wrong with pictures."""
    return {
        "network_loss": (say("packets are lost", "теряются пакеты"), RED),
        "decoder_overload": (say("this machine is too slow", "не хватает процессора"), RED),
        "camera_fault": (say("the camera sends broken pictures", "камера шлёт битую картинку"), RED),
        "black": (say("black", "чёрный экран"), RED),
        "over_exposed": (say("over-exposed", "засветка"), ORANGE),
        "covered": (say("covered", "закрыта"), RED),
        "blurred": (say("blurred", "размыта"), ORANGE),
        "moved": (say("turned or moved", "сдвинута"), ORANGE),
        "frozen": (say("frozen", "застыла"), RED),
        "noise": (say("noise", "шум"), ORANGE),
        "low_fps": (say("too few pictures", "мало кадров"), ORANGE),
        "bitrate": (say("bit rate", "битрейт"), ORANGE),
        "clock": (say("its clock is wrong", "сбились часы"), ORANGE),
    }


def equipment(say: Say) -> Meanings:
    """What people wear."""
    return {"helmet": (say("helmet", "каска"), ""), "vest": (say("vest", "жилет"), "")}

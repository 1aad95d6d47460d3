"""The words of the settings of the functions that come with the system; see `texts.py`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from postprocess.functions.texts import Text, text

TEXTS: Mapping[str, Text] = {
    "lines": text(
        "Lines", "Линии", "The arrow shows which way is an entry.", "Стрелка показывает, что считать входом."
    ),
    "zones": text("Zones", "Зоны", "Without a zone the whole picture counts.", "Без зоны считается весь кадр."),
    "areas": text("Areas", "Области", "Rectangles that are inspected.", "Прямоугольники, которые осматриваются."),
    "class_list": text(
        "What counts",
        "Что считается",
        "Labels of the detector; empty: what the function is meant for.",
        "Классы детектора; пусто: то, для чего функция предназначена.",
    ),
    "confidence_ratio": text(
        "Confidence",
        "Уверенность",
        "Boxes below this do not count. Empty: as config.ini says.",
        "Рамки ниже этой уверенности не считаются. Пусто: как в config.ini.",
        fine=True,
    ),
    "schedule": text(
        "Hours",
        "Часы работы",
        "By the site's clock; without hours it is always on.",
        "По часам объекта; без часов действует всегда.",
    ),
    "severity": text("Severity", "Важность"),
    "photos": text("Pictures", "Снимки", "Events come with pictures.", "События приходят со снимками."),
    "size_min": text(
        "Smallest size",
        "Наименьший размер",
        "Shorter side of the box, as a share of the picture's height.",
        "Меньшая сторона рамки, доля высоты кадра.",
        fine=True,
    ),
    "travel_min": text(
        "Smallest movement",
        "Наименьшее перемещение",
        "What has not moved so far (share of the picture's height) does not count; 0: it does.",
        "Что сместилось меньше (доля высоты кадра), не считается; 0: считается.",
        fine=True,
    ),
    "bridge_s": text(
        "Bridge gaps",
        "Сшивать разрывы",
        "Lost for no longer than this, it is still the same one.",
        "Пропавший не дольше этого считается тем же самым.",
        fine=True,
    ),
    "anchor": text(
        "What has to be inside",
        "Что должно быть внутри",
        "The point of the box by which being in the zone is decided.",
        "По какой точке рамки решается, что объект в зоне.",
        fine=True,
    ),
    "overlap_min": text(
        "Share inside",
        "Доля внутри",
        "Of the box, where its share decides.",
        "Доля рамки в зоне, если решает она.",
        fine=True,
    ),
    "debounce_s": text(
        "Inside for",
        "Внутри не менее",
        "So long before it counts.",
        "Столько времени, прежде чем это засчитается.",
        fine=True,
    ),
    "leave_s": text(
        "Outside for",
        "Снаружи не более",
        "Seen outside for no longer than this, it has not left.",
        "Вышедший не дольше этого ещё не ушёл.",
        fine=True,
    ),
    "still_s": text(
        "Ignore what stands still",
        "Не учитывать неподвижное",
        "What has not moved for so long starts no event; 0: it may.",
        "Что не двигалось столько, не начинает события; 0: начинает.",
        fine=True,
    ),
    "plates": text("Read plates", "Читать номера"),
    "plate_confidence_min": text(
        "Surest plates only",
        "Уверенность номера",
        "A plate read with less is told as unsure.",
        "Номер, прочитанный с меньшей уверенностью, считается неуверенным.",
        fine=True,
    ),
    "unlisted": text(
        "Vehicles on no list",
        "Машины вне списков",
        "How much a vehicle matters whose plate is on no list or unread.",
        "Насколько важна машина, чей номер не в списках или не прочитан.",
    ),
    "list_unsure_chars_max": text(
        "Unsure characters",
        "Неуверенные символы",
        "So many characters that reads disagree on may differ from a listed plate. Strangers may then get in.",
        "Столько спорных символов может отличаться от номера в списке. Тогда может проехать и чужой.",
        fine=True,
    ),
    "false_accept_rate": text(
        "Mix-ups allowed",
        "Допустимая доля ошибок",
        "Share of pairs of strangers that may look so alike.",
        "Доля пар разных людей, которые могут быть так похожи.",
        fine=True,
    ),
    "similarity_min": text(
        "Smallest likeness",
        "Наименьшее сходство",
        "Cosine, where the model's card knows no rates.",
        "Косинус, если карточка модели не знает долей.",
        fine=True,
    ),
    "quality_min": text(
        "Quality of a face",
        "Качество лица",
        "A face below this is not looked at.",
        "Лицо ниже этого не сравнивается.",
        fine=True,
    ),
    "reads_min": text(
        "Agreeing looks",
        "Совпавших взглядов",
        "So many looks must name the same person.",
        "Столько взглядов должны назвать одного человека.",
        fine=True,
    ),
    "face_px_min": text(
        "Smallest person", "Наименьший человек", "Shorter side of the box.", "Меньшая сторона рамки.", fine=True
    ),
    "shots_max": text(
        "Pictures of one person",
        "Снимков одного человека",
        "At most, while he is in view.",
        "Не более, пока он виден.",
        fine=True,
    ),
    "again_s": text(
        "Look again every",
        "Смотреть снова каждые",
        "While somebody stays. Empty: not again.",
        "Пока кто-то остаётся. Пусто: не смотреть снова.",
        fine=True,
    ),
    "roster": text(
        "Who is planned where",
        "Кто где запланирован",
        "Names a stay without a face where one entry alone holds.",
        "Называет пребывание без лица, если подходит одна запись.",
        fine=True,
    ),
    "zone": text("Zone", "Зона"),
    "person": text("Person", "Человек"),
    "attendance.every_s": text(
        "Report every", "Сообщать каждые", "While a stay goes on.", "Пока пребывание продолжается.", fine=True
    ),
    "known": text(
        "People on no watch list", "Люди вне списков", "Tell of known people, too.", "Сообщать и об известных людях."
    ),
    "unknown": text(
        "Strangers",
        "Незнакомые",
        "Tell of those whose face was seen well but is not known.",
        "Сообщать о тех, чьё лицо видно хорошо, но не известно.",
    ),
    "unknown_reads_min": text(
        "Looks at a stranger",
        "Взглядов на незнакомого",
        "So many good ones before he is told of.",
        "Столько хороших, прежде чем сообщить.",
        fine=True,
    ),
    "watch": text(
        "Limits of watch lists",
        "Пороги списков",
        "All lists are watched; here one may get limits of its own.",
        "Следят за всеми списками; здесь можно задать свои пороги.",
        fine=True,
    ),
    "watch_severity": text(
        "Watched people",
        "Люди из списков",
        "How much a person on a watch list matters.",
        "Насколько важен человек из списка.",
    ),
    "echo_s": text(
        "Same one again",
        "Тот же снова",
        "The same one at the same place within this is no new event.",
        "Тот же на том же месте раньше этого не новое событие.",
        fine=True,
    ),
    "required": text(
        "Required equipment",
        "Что должно быть надето",
        "By zone; the row without a zone is the whole picture.",
        "По зонам; строка без зоны: весь кадр.",
    ),
    "person_px_min": text(
        "Smallest person",
        "Наименьший человек",
        "Smaller ones (shorter side of the box) are not judged.",
        "Меньшие (меньшая сторона рамки) не оцениваются.",
        fine=True,
    ),
    "ppe.again_s": text(
        "Look again every",
        "Смотреть снова каждые",
        "How often a person is looked at again.",
        "Как часто человек осматривается снова.",
        fine=True,
    ),
    "votes_min": text(
        "Votes",
        "Голосов",
        "So many more looks have to say so than say the opposite.",
        "На столько больше взглядов «за», чем «против».",
        fine=True,
    ),
    "ppe.hold_s": text(
        "Missing for",
        "Не надето не менее",
        "An item has to be missing for so long.",
        "Столько времени предмет должен отсутствовать.",
    ),
    "clear_s": text(
        "Worn again for",
        "Снова надето не менее",
        "So long until the violation is over.",
        "Столько времени до конца нарушения.",
        fine=True,
    ),
    "again_after_s": text(
        "Same violation",
        "То же нарушение",
        "Missing again within this, it goes on; later it is a new one.",
        "Снято снова раньше этого: то же нарушение, позже: новое.",
        fine=True,
    ),
    "worn_min": text(
        "Worn from",
        "Надето от",
        "From this probability on an item is worn.",
        "С этой вероятности предмет надет.",
        fine=True,
    ),
    "missing_max": text(
        "Missing up to",
        "Не надето до",
        "Up to this probability it is missing; in between nobody can tell.",
        "До этой вероятности не надет; между ними сказать нельзя.",
        fine=True,
    ),
    "exempt_zones": text(
        "Zones without duty",
        "Зоны без обязанности",
        "Who stands there need not wear anything.",
        "Кто стоит там, может ничего не надевать.",
    ),
    "exempt_hours": text(
        "Hours without duty",
        "Часы без обязанности",
        "A stop of the machines, a break.",
        "Остановка станков, перерыв.",
        fine=True,
    ),
    "visits": text(
        "Count those in order",
        "Считать и без нарушений",
        "Each stay is an event, too: the ground of compliance.",
        "Каждое пребывание тоже событие: основа доли соблюдения.",
        fine=True,
    ),
    "dwell_s": text(
        "Longer than",
        "Дольше чем",
        "A longer stay is an event; 0: each is.",
        "Более долгое пребывание: событие; 0: любое.",
    ),
    "limit": text(
        "At most", "Не более", "More than this in a zone are too many.", "Больше этого в зоне: слишком много."
    ),
    "hold_s": text(
        "For", "В течение", "So long too many, or no longer.", "Столько времени больше предела или уже нет.", fine=True
    ),
    "heading_deg": text(
        "Allowed way",
        "Разрешённое направление",
        "Through zones, in the picture: 0 up, 90 right, 180 down.",
        "Через зоны, по кадру: 0 вверх, 90 вправо, 180 вниз.",
    ),
    "way_min": text(
        "Against it for",
        "Навстречу не менее",
        "How far, as a share of the picture's height.",
        "Как далеко, доля высоты кадра.",
        fine=True,
    ),
    "detector": text(
        "Detector",
        "Детектор",
        "Name under which it was imported; empty: the first one.",
        "Имя при импорте; пусто: основной.",
    ),
    "fps_max": text(
        "Looks per second",
        "Просмотров в секунду",
        "Of a further detector; empty: all.",
        "Для дополнительного детектора; пусто: все.",
        fine=True,
    ),
    "titles": text(
        "Text of events",
        "Текст событий",
        "Label and what its events are called.",
        "Класс и как назвать его события.",
        fine=True,
    ),
    "defects.every_s": text("Look every", "Смотреть каждые"),
    "score_limit": text(
        "Limit",
        "Порог",
        "1 is the limit that was fitted on good pictures; higher: fewer events.",
        "1: порог, подобранный по хорошим снимкам; выше: меньше событий.",
    ),
    "looks_bad": text(
        "Bad looks",
        "Плохих взглядов",
        "So many of the last ones begin an event.",
        "Столько из последних начинают событие.",
        fine=True,
    ),
    "looks_of": text(
        "Of the last", "Из последних", "Looks that are counted.", "Сколько взглядов учитывается.", fine=True
    ),
    "looks_clear": text(
        "Good looks",
        "Хороших взглядов",
        "So many in a row end the event.",
        "Столько подряд заканчивают событие.",
        fine=True,
    ),
}
"""Setting, or `function.setting`, in words."""

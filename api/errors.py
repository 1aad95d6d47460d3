# ruff: noqa: N818 - each is a state of the world, named as such
"""Errors of the api. Each holds its fields, knows its HTTP status and writes its sentence in both languages.

    ApiError
    ├── MalformedJson        400  body is no JSON: line, column, byte
    ├── BadParameter         422  one query parameter: name, value, what is allowed
    ├── InvalidBody          422  fields of the body, each with what is allowed
    ├── PhotoRefused         422  a photo that nobody can be known by
    ├── TableRefused         422  a table of shifts with rows that can't be used
    ├── TooMuchAsked         422  more rows than one answer holds
    ├── NotAuthorised        401  no token, or one that nobody has
    ├── Forbidden            403  the user may not do this: role, or regions
    ├── SessionEnded         401  signed in too long ago, or not seen for too long
    ├── WrongPassword        401  no such user, or another password
    ├── SignInRefused        403  the identity provider's word is not enough
    ├── CsrfMissing          403  a change by a session without its header
    ├── LastAdministrator    409  nobody would be left who may do everything
    ├── TooManyTokens        409  a user has as many tokens as are kept
    ├── AccountLocked        429  wrong passwords for one account
    ├── TooManyRequests      429  more calls of one token or session than are allowed
    ├── TooManyFailures      429  wrong tokens from one address
    ├── NotThere             404  nothing of this kind has this id
    ├── AlreadyThere         409  the id is taken
    ├── InUse                409  a region in which others still stand
    ├── BasisMissing         409  nothing allows to keep the face of this person
    ├── TooManyPhotos        409  a person has as many photos as are kept
    ├── TooManyOf            409  there are as many of a kind as there may be
    ├── NotReplayable        409  a dead letter that names no subject of the data path
    ├── Stale                412  If-Match names an older version
    ├── ConditionMissing     428  a change needs If-Match
    ├── BodyTooLarge         413
    ├── NoPicture            503  a camera has no picture right now
    ├── Unavailable          503  a component that is needed is away
    ├── ProviderAway         503  the identity provider does not answer, or not as one
    ├── TooManyStreams       503  the limit of event stream clients
    └── HttpFault            any  what the HTTP library itself refused (unknown path, method, …)

Pure.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from api.language import Language, Words


class FieldFault(msgspec.Struct, frozen=True):
    """What is wrong with one field of a body."""

    field: str
    words: Words


class ApiError(Exception):
    """Any refusal that is told to a client; `slug` names the kind of problem, for machines."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[Words] = Words("Internal error", "Внутренняя ошибка")

    def words(self) -> Words:
        """What happened, where, and what to do."""
        return Words("Something went wrong here; the log has the details.", "Сбой на сервере; подробности в журнале.")

    def headers(self) -> dict[str, str]:
        """Response headers that belong to this problem."""
        return {}

    def faults(self) -> tuple[FieldFault, ...]:
        """Faults by field, where there are any."""
        return ()

    def detail(self, language: Language) -> str:
        """The sentence in a language."""
        return self.words().to(language)

    def __str__(self) -> str:
        return self.words().en


class MalformedJson(ApiError):
    """The body is no JSON."""

    status = 400
    slug = "malformed-json"
    title = Words("Malformed JSON", "Неверный JSON")

    def __init__(self, *, reason: str, byte: int, line: int, column: int) -> None:
        super().__init__(reason)
        self.reason, self.byte, self.line, self.column = reason, byte, line, column

    def words(self) -> Words:
        """Where the text stops being JSON."""
        return Words(
            f"The body is not JSON: {self.reason} at line {self.line}, column {self.column} (byte {self.byte}).",
            f"Тело запроса не JSON: строка {self.line}, столбец {self.column} (байт {self.byte}): {self.reason}.",
        )


class BadParameter(ApiError):
    """A query parameter can't be used."""

    status = 422
    slug = "bad-parameter"
    title = Words("A query parameter is wrong", "Неверный параметр запроса")

    def __init__(self, *, name: str, value: str, allowed: Words) -> None:
        super().__init__(name, value)
        self.name, self.value, self.allowed = name, value[:120], allowed

    def words(self) -> Words:
        """Which parameter, its value, and what is allowed."""
        return Words(
            f"Query parameter '{self.name}' is '{self.value}'; {self.allowed.en}.",
            f"Параметр запроса «{self.name}» равен «{self.value}»; {self.allowed.ru}.",
        )

    def faults(self) -> tuple[FieldFault, ...]:
        """The parameter as a field."""
        return (FieldFault(self.name, self.allowed),)


class InvalidBody(ApiError):
    """JSON it is, but not what is needed here."""

    status = 422
    slug = "invalid"
    title = Words("The request can't be used as it is", "Запрос содержит ошибки")

    def __init__(self, *faults: FieldFault) -> None:
        super().__init__(*faults)
        self._faults = faults

    def words(self) -> Words:
        """Every fault, one after the other."""
        return Words(
            "; ".join(f"{fault.field}: {fault.words.en}" for fault in self._faults) + ".",
            "; ".join(f"{fault.field}: {fault.words.ru}" for fault in self._faults) + ".",
        )

    def faults(self) -> tuple[FieldFault, ...]:
        """The faults."""
        return self._faults


class NotAuthorised(ApiError):
    """No token, or one that nobody has."""

    status = 401
    slug = "not-authorised"
    title = Words("Not authorised", "Нет доступа")

    def __init__(self, *, token_given: bool) -> None:
        super().__init__(token_given)
        self.token_given = token_given

    def words(self) -> Words:
        """Says whether a token was missing or wrong, and never which."""
        if self.token_given:
            return Words("Nobody here has this access token.", "Этот токен доступа неизвестен.")
        return Words(
            "This needs the header 'Authorization: Bearer <token>'.",
            "Нужен заголовок «Authorization: Bearer <токен>».",
        )

    def headers(self) -> dict[str, str]:
        """The challenge (RFC 6750)."""
        suffix = ', error="invalid_token"' if self.token_given else ""
        return {"WWW-Authenticate": f'Bearer realm="zool"{suffix}'}


class Forbidden(ApiError):
    """Known, and not allowed: the role is too small, or the call is about the whole site or another region."""

    status = 403
    slug = "forbidden"
    title = Words("Not allowed", "Недостаточно прав")

    def __init__(self, *, user: str, needs: str = "", regions: tuple[str, ...] = ()) -> None:
        super().__init__(user, needs, regions)
        self.user, self.needs, self.regions = user, needs, regions

    def words(self) -> Words:
        """What is needed, and whom to ask."""
        if self.needs:
            role = _ROLES[self.needs]
            return Words(
                f"This needs the role {role.en}, which '{self.user}' does not have here: ask an administrator.",
                f"Нужна роль «{role.ru}», а у «{self.user}» её здесь нет: обратитесь к администратору.",
            )
        places = ", ".join(self.regions)
        return Words(
            f"'{self.user}' is limited to {places}, and this reaches further: ask an administrator.",
            f"Доступ «{self.user}» ограничен: {places}; это выходит за пределы. Обратитесь к администратору.",
        )


class SessionEnded(ApiError):
    """The cookie of a session that is no more."""

    status = 401
    slug = "session-ended"
    title = Words("The session has ended", "Сеанс завершён")

    def words(self) -> Words:
        """What to do."""
        return Words("The session has ended: sign in again.", "Сеанс завершён: войдите снова.")


class WrongPassword(ApiError):
    """Nobody has this name with this password."""

    status = 401
    slug = "wrong-password"
    title = Words("Name or password is wrong", "Неверное имя или пароль")

    def words(self) -> Words:
        """Never which of both is wrong."""
        return Words("Nobody has this name with this password.", "Нет пользователя с таким именем и паролем.")


class SignInRefused(ApiError):
    """Somebody came from the identity provider, and does not come in."""

    status = 403
    slug = "sign-in-refused"
    title = Words("Signing in did not work", "Войти не удалось")

    REASONS: ClassVar[dict[str, Words]] = {
        "state": Words(
            "This sign-in was not begun in this browser, or more than 10 minutes ago: begin again.",
            "Этот вход начат не в этом браузере или более 10 минут назад: начните заново.",
        ),
        "said": Words("The identity provider refused{what}.", "Поставщик удостоверений отказал{what}."),
        "code": Words(
            "The identity provider does not take the code (it is good once): begin again.",
            "Поставщик удостоверений не принял код (он одноразовый): начните заново.",
        ),
        "token": Words(
            "What the identity provider sent does not hold{what}: tell your administrator.",
            "Ответ поставщика удостоверений не прошёл проверку{what}: сообщите администратору.",
        ),
        "role": Words(
            "The identity provider knows you, but gives you no role here{what}: ask your administrator for one.",
            "Поставщик удостоверений вас знает, но роли здесь не даёт{what}: обратитесь к администратору.",
        ),
        "disabled": Words(
            "This user is switched off here{what}: ask your administrator.",
            "Этот пользователь здесь отключён{what}: обратитесь к администратору.",
        ),
        "name": Words("No name is free for you{what}.", "Для вас нет свободного имени{what}."),
    }

    def __init__(self, *, reason: str, what: str = "") -> None:
        super().__init__(reason, what)
        self.reason, self.what = reason, what

    def words(self) -> Words:
        """Why, and what to do."""
        found, what = self.REASONS[self.reason], f" ({self.what})" if self.what else ""
        return Words(found.en.format(what=what), found.ru.format(what=what))


class CsrfMissing(ApiError):
    """A change that came with a cookie alone: any site could have sent it."""

    status = 403
    slug = "csrf"
    title = Words("The header X-Zool-CSRF is missing", "Нет заголовка X-Zool-CSRF")

    def words(self) -> Words:
        """Where to get it."""
        return Words(
            "A change within a session needs the header X-Zool-CSRF with `csrf` of GET /api/v1/session.",
            "Изменения в сеансе требуют заголовка X-Zool-CSRF со значением `csrf` из GET /api/v1/session.",
        )


class LastAdministrator(ApiError):
    """Nobody would be left who may do everything."""

    status = 409
    slug = "last-administrator"
    title = Words("The last administrator stays", "Последний администратор остаётся")

    def __init__(self, *, user: str) -> None:
        super().__init__(user)
        self.user = user

    def words(self) -> Words:
        """What to do first."""
        return Words(
            f"'{self.user}' is the last administrator of the whole site: make another one first.",
            f"«{self.user}» — последний администратор всего объекта: сначала назначьте другого.",
        )


class TooManyTokens(ApiError):
    """A user has as many tokens as are kept."""

    status = 409
    slug = "too-many-tokens"
    title = Words("Too many tokens of one user", "Слишком много токенов у пользователя")

    def __init__(self, *, user: str, tokens_max: int) -> None:
        super().__init__(user, tokens_max)
        self.user, self.tokens_max = user, tokens_max

    def words(self) -> Words:
        """The limit and what to do."""
        return Words(
            f"'{self.user}' has {self.tokens_max} tokens already: revoke one first.",
            f"У «{self.user}» уже {self.tokens_max} токенов: сначала отзовите один.",
        )


class TooManyRequests(ApiError):
    """One token or session calls more often than it may."""

    status = 429
    slug = "too-many-requests"
    title = Words("Too many requests", "Слишком много запросов")

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s

    def words(self) -> Words:
        """The limit's key, and how long to wait."""
        return Words(
            f"This token or session calls too often ([api] requests_per_minute); try again in {self.retry_after_s} s.",
            f"Слишком частые запросы ([api] requests_per_minute); повторите через {self.retry_after_s} с.",
        )

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after_s)}


class AccountLocked(ApiError):
    """Too many wrong passwords for one account, whoever sent them."""

    status = 429
    slug = "account-locked"
    title = Words("The account is locked for a while", "Учётная запись временно заблокирована")

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s

    def words(self) -> Words:
        """How long, and who can help."""
        return Words(
            f"Too many wrong passwords for this account: it waits for {self.retry_after_s} s. An administrator's token "
            "still lets in.",
            f"Слишком много неверных паролей для этой учётной записи: подождите {self.retry_after_s} с. "
            "Токен администратора действует.",
        )

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after_s)}


_ROLES = {
    "administrator": Words("administrator", "администратор"),
    "operator": Words("operator", "оператор"),
    "viewer": Words("viewer", "наблюдатель"),
    "integration": Words("integration", "интеграция"),
}


class TooManyFailures(ApiError):
    """One address tried too many wrong tokens."""

    status = 429
    slug = "too-many-failures"
    title = Words("Too many wrong tokens", "Слишком много неверных токенов")

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s

    def words(self) -> Words:
        """How long to wait."""
        return Words(
            f"Too many wrong tokens came from this address; try again in {self.retry_after_s} s.",
            f"С этого адреса пришло слишком много неверных токенов; повторите через {self.retry_after_s} с.",
        )

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after_s)}


_KINDS = {
    "camera": Words("camera", "камеры"),
    "function": Words("function", "функции"),
    "event": Words("event", "события"),
    "photo": Words("photo", "фотографии"),
    "lot": Words("parking lot", "парковки"),
    "vehicle": Words("entry of the lists", "записи списков"),
    "user": Words("user", "пользователя"),
    "token": Words("token", "токена"),
    "module": Words("kind of function", "вида функции"),
    "letter": Words("dead letter", "отложенного сообщения"),
    "person": Words("person", "человека"),
    "sample": Words("enrolled photo", "фотографии человека"),
    "region": Words("region", "региона"),
    "template": Words("template", "шаблона"),
    "door": Words("door", "двери"),
    "report": Words("report", "отчёта"),
    "target": Words("target of deliveries", "получателя"),
    "rule": Words("rule of deliveries", "правила отправки"),
    "stage": Words("stage that can be resumed", "стадии, которую можно продолжить"),
}


class NotThere(ApiError):
    """Nothing of this kind has this id."""

    status = 404
    slug = "not-found"
    title = Words("Not found", "Не найдено")

    def __init__(self, *, kind: str, name: str, hint: Words | None = None) -> None:
        super().__init__(kind, name)
        self.kind, self.name, self.hint = kind, name, hint

    def words(self) -> Words:
        """What was looked for."""
        kind = _KINDS[self.kind]
        tail = self.hint or Words("", "")
        return Words(f"There is no {kind.en} '{self.name}'.{tail.en}", f"Нет {kind.ru} «{self.name}».{tail.ru}")


class AlreadyThere(ApiError):
    """The id is taken."""

    status = 409
    slug = "already-exists"
    title = Words("Already exists", "Уже существует")

    def __init__(self, *, kind: str, name: str) -> None:
        super().__init__(kind, name)
        self.kind, self.name = kind, name

    def words(self) -> Words:
        """What is taken and how to change it."""
        kind = _KINDS[self.kind]
        return Words(
            f"The {kind.en} '{self.name}' exists already: choose another id, or change it with If-Match.",
            f"Идентификатор {kind.ru} «{self.name}» уже занят: выберите другой или измените имеющийся с If-Match.",
        )


class InUse(ApiError):
    """It can't go while others stand in it."""

    status = 409
    slug = "in-use"
    title = Words("In use", "Используется")

    def __init__(self, *, kind: str, name: str, by: Words) -> None:
        super().__init__(kind, name)
        self.kind, self.name, self.by = kind, name, by

    def words(self) -> Words:
        """What is in the way."""
        kind = _KINDS[self.kind]
        return Words(
            f"The {kind.en} '{self.name}' is still used by {self.by.en}: move them first.",
            f"Для {kind.ru} «{self.name}» ещё есть {self.by.ru}: сначала перенесите их.",
        )


class TooManyPhotos(ApiError):
    """A person has as many photos as are kept."""

    status = 409
    slug = "too-many-photos"
    title = Words("Too many photos of one person", "Слишком много фотографий одного человека")

    def __init__(self, *, person: str, photos_max: int) -> None:
        super().__init__(person, photos_max)
        self.person, self.photos_max = person, photos_max

    def words(self) -> Words:
        """The limit and what to do."""
        return Words(
            f"'{self.person}' has {self.photos_max} photos already: remove one first.",
            f"У «{self.person}» уже {self.photos_max} фотографий: сначала удалите одну.",
        )


class TooManyOf(ApiError):
    """There are as many of a kind as there may be."""

    status = 409
    slug = "too-many"
    title = Words("There are too many", "Слишком много")

    def __init__(self, *, kind: str, count_max: int) -> None:
        super().__init__(kind, count_max)
        self.kind, self.count_max = kind, count_max

    def words(self) -> Words:
        """The limit and what to do."""
        kind = _KINDS[self.kind]
        return Words(
            f"There are {self.count_max} already, one more {kind.en} has no room: remove one first.",
            f"Их уже {self.count_max}; для ещё одного {kind.ru} нет места: сначала удалите один.",
        )


class BasisMissing(ApiError):
    """Nothing allows to keep the face of this person."""

    status = 409
    slug = "basis-missing"
    title = Words("There is no basis for this person's face", "Нет основания хранить лицо этого человека")

    def __init__(self, *, person: str, ended: bool) -> None:
        super().__init__(person)
        self.person, self.ended = person, ended

    def words(self) -> Words:
        """Whether there was one, and where to say it."""
        why = Words("has ended", "истекло") if self.ended else Words("is missing", "не указано")
        return Words(
            f"The basis for the face of '{self.person}' {why.en}: write it into the person's record first "
            "(basis: consent, contract, law, …), then add the photo.",
            f"Основание для обработки лица «{self.person}» {why.ru}: сначала укажите его в карточке человека "
            "(согласие, договор, закон…), затем добавьте фотографию.",
        )


class PhotoRefused(ApiError):
    """A photo that nobody can be known by."""

    status = 422
    slug = "photo-refused"
    title = Words("This photo can't be used", "Эта фотография не подходит")

    def __init__(self, *, cause: str, why: Words) -> None:
        super().__init__(cause)
        self.cause, self.why = cause, why

    def words(self) -> Words:
        """What is wrong with it and what would help."""
        return self.why

    def faults(self) -> tuple[FieldFault, ...]:
        """The photo as a field; its cause is for programs."""
        return (FieldFault(f"photo.{self.cause}", self.why),)


class TableRefused(ApiError):
    """A table that can't be taken in, row by row."""

    status = 422
    slug = "table-refused"
    title = Words("The table can't be taken in", "Таблицу нельзя загрузить")

    def __init__(self, *faults: FieldFault) -> None:
        super().__init__(*faults)
        self._faults = faults

    def words(self) -> Words:
        """That nothing was taken in, and the first fault."""
        first, count = self._faults[0], len(self._faults)
        return Words(
            f"Nothing was taken in. {first.field}: {first.words.en}; {count} faults are listed.",
            f"Ничего не загружено. {first.field}: {first.words.ru}; ошибок в списке: {count}.",
        )

    def faults(self) -> tuple[FieldFault, ...]:
        """By row and column."""
        return self._faults


class TooMuchAsked(ApiError):
    """More rows than one answer holds."""

    status = 422
    slug = "too-much-asked"
    title = Words("The span is too long", "Слишком большой период")

    def __init__(self, *, rows_max: int) -> None:
        super().__init__(rows_max)
        self.rows_max = rows_max

    def words(self) -> Words:
        """The limit and what to do."""
        return Words(
            f"There are more than {self.rows_max} events in this span: ask for a shorter one, or for one person.",
            f"В этом периоде больше {self.rows_max} событий: выберите период короче или одного человека.",
        )


class NotReplayable(ApiError):
    """A dead letter can't be said again."""

    status = 409
    slug = "not-replayable"
    title = Words("This letter can't be replayed", "Это сообщение нельзя отправить снова")

    def __init__(self, *, seq: int, subject: str) -> None:
        super().__init__(seq, subject)
        self.seq, self.subject = seq, subject[:120]

    def words(self) -> Words:
        """Why, and what can be done with it."""
        return Words(
            f"Dead letter {self.seq} names no subject of the data path ('{self.subject}'), or its message was too "
            "large to keep: look at it, or drop it.",
            f"Сообщение {self.seq} не называет тему потока данных («{self.subject}»), или его содержимое было слишком "
            "велико: посмотрите его или удалите.",
        )


class Stale(ApiError):
    """If-Match names a version that is no longer the newest."""

    status = 412
    slug = "stale"
    title = Words("Somebody else changed it", "Изменено кем-то ещё")

    def __init__(self, *, kind: str, name: str, etag: str = "") -> None:
        super().__init__(kind, name)
        self.kind, self.name, self.etag = kind, name, etag

    def words(self) -> Words:
        """What changed and what to do."""
        kind = _KINDS[self.kind]
        now = f" (now {self.etag})" if self.etag else ""
        now_ru = f" (сейчас {self.etag})" if self.etag else ""
        return Words(
            f"The {kind.en} '{self.name}' was changed since it was read{now}: read it again, then change it.",
            f"Настройки {kind.ru} «{self.name}» изменились с момента чтения{now_ru}: прочитайте их снова и повторите.",
        )


class ConditionMissing(ApiError):
    """A change without If-Match could overwrite somebody else's."""

    status = 428
    slug = "condition-missing"
    title = Words("If-Match is missing", "Нет заголовка If-Match")

    def words(self) -> Words:
        """How to give it."""
        return Words(
            "A change needs the header If-Match with the ETag that was read, so that nobody's change is lost.",
            "Изменение требует заголовка If-Match с прочитанным ETag, чтобы не потерять чужие правки.",
        )


class BodyTooLarge(ApiError):
    """The body is over the limit."""

    status = 413
    slug = "too-large"
    title = Words("The body is too large", "Тело запроса слишком велико")

    def __init__(self, *, bytes_max: int) -> None:
        super().__init__(bytes_max)
        self.bytes_max = bytes_max

    def words(self) -> Words:
        """The limit."""
        return Words(
            f"A request may hold {self.bytes_max} bytes at most ([api] body_bytes_max).",
            f"В запросе может быть не более {self.bytes_max} байт ([api] body_bytes_max).",
        )

    def headers(self) -> dict[str, str]:
        """The rest of the body is not read, so the connection ends here."""
        return {"Connection": "close"}


class NoPicture(ApiError):
    """A camera has no picture right now."""

    status = 503
    slug = "no-picture"
    title = Words("No picture right now", "Сейчас нет изображения")

    def __init__(self, *, camera: str, reason: str) -> None:
        super().__init__(camera, reason)
        self.camera, self.reason = camera, reason

    def words(self) -> Words:
        """The cause that ingest gave."""
        reason = f": {self.reason}" if self.reason else ""
        return Words(
            f"Camera '{self.camera}' has no picture right now{reason}.",
            f"У камеры «{self.camera}» сейчас нет изображения{reason}.",
        )

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "2"}


_COMPONENTS = {
    "nats": Words("the message broker (NATS)", "брокер сообщений (NATS)"),
    "clickhouse": Words("the event store (ClickHouse)", "хранилище событий (ClickHouse)"),
    "keys": Words("the key file ([secrets] key_file)", "файл ключей ([secrets] key_file)"),
    "ingest": Words("video intake (ingest)", "приём видео (ingest)"),
    "recognise": Words("recognition (recognise)", "распознавание (recognise)"),
    "store": Words("storage (store)", "запись в хранилище (store)"),
}


class Unavailable(ApiError):
    """A component that is needed is away; the api itself goes on."""

    status = 503
    slug = "unavailable"
    title = Words("A component is away", "Компонент недоступен")

    def __init__(self, *, component: str, reason: str = "", retry_after_s: int = 3) -> None:
        super().__init__(component, reason)
        self.component, self.reason, self.retry_after_s = component, reason, retry_after_s

    def words(self) -> Words:
        """Which component, and that waiting helps."""
        name = _COMPONENTS[self.component]
        return Words(
            f"Needs {name.en}, which does not answer right now; try again in {self.retry_after_s} s.",
            f"Нужен компонент: {name.ru}; сейчас он не отвечает. Повторите через {self.retry_after_s} с.",
        )

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after_s)}


class ProviderAway(ApiError):
    """The identity provider does not answer, or not as one; passwords go on."""

    status = 503
    slug = "provider-away"
    title = Words("The identity provider is away", "Поставщик удостоверений недоступен")

    def __init__(self, *, title: str, reason: str) -> None:
        """`reason` is for the log: it may name addresses of the inner network."""
        super().__init__(title, reason)
        self.provider, self.reason = title, reason

    def words(self) -> Words:
        """What still works."""
        return Words(
            f"{self.provider} does not answer right now: sign in by name and password, or try again later.",
            f"{self.provider} сейчас не отвечает: войдите по имени и паролю или повторите позже.",
        )


class TooManyStreams(ApiError):
    """The limit of event stream clients is reached."""

    status = 503
    slug = "too-many-streams"
    title = Words("Too many event streams", "Слишком много подписок на события")

    def __init__(self, *, clients_max: int, key: str) -> None:
        super().__init__(clients_max, key)
        self.clients_max, self.key = clients_max, key

    def words(self) -> Words:
        """The limit and its key."""
        return Words(
            f"{self.clients_max} clients follow the event stream already ([api] {self.key}).",
            f"Поток событий уже читают {self.clients_max} клиентов ([api] {self.key}).",
        )

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "10"}


_HTTP_TITLES = {
    400: Words("Bad request", "Неверный запрос"),
    401: NotAuthorised.title,
    403: Forbidden.title,
    404: NotThere.title,
    405: Words("Method not allowed", "Метод не разрешён"),
    413: BodyTooLarge.title,
    415: Words("Media type not supported", "Тип содержимого не поддерживается"),
}


class HttpFault(ApiError):
    """What the HTTP library refused by itself: an unknown path or method, a header it can't read."""

    def __init__(self, *, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, reason)
        self.status_code, self.reason, self._headers = status, reason, headers or {}

    def words(self) -> Words:
        """The library's own reason, in English; Russian says the kind."""
        title = _HTTP_TITLES.get(self.status_code, ApiError.title)
        return Words(f"{self.reason or title.en}.".replace("..", "."), f"{title.ru}.")

    def titles(self) -> Words:
        """The title of the status."""
        return _HTTP_TITLES.get(self.status_code, ApiError.title)

    def headers(self) -> dict[str, str]:
        """What the library wants said (Allow, for one)."""
        return self._headers

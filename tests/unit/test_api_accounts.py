"""Users, passwords, tokens and sessions, as far as no broker is asked."""

from __future__ import annotations

import msgspec
import pytest

from api.accounts import TokenIn, UserIn, UserPatch, changed, keep_an_administrator, user_of, with_password, with_token
from api.contract import AccessToken, Session, User
from api.errors import InvalidBody, LastAdministrator, TooManyTokens
from api.passwords import check_password, hash_password, is_password, mark_of
from api.sessions import cookie_of, csrf_of, end_of, same, secret_of, session_id
from api.tokens import Rate, Throttle, find_user, hash_token

MINUTE_US = 60_000_000
RIGHT = "correct horse battery"


def test_passwords_are_argon2id_and_salted() -> None:
    """The same password is kept differently each time; only the right one fits, and no password is nobody's."""
    one, two = hash_password(RIGHT), hash_password(RIGHT)
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != two
    assert mark_of(one) != mark_of(two)
    assert is_password(one, RIGHT)
    assert not is_password(one, RIGHT + " ")
    assert not is_password("", "")
    assert not is_password("no hash", RIGHT)


@pytest.mark.parametrize("bad", ["short", "a" * 129, "aaaaabbbbbcc", "my-Anna-password"])
def test_what_is_guessed_first_is_refused(bad: str) -> None:
    """Too short, too long, hardly any different characters, or with the name in it; never the password in the words."""
    with pytest.raises(InvalidBody) as refused:
        check_password(bad, user="anna")
    assert bad not in str(refused.value)


def test_a_user_without_a_role_is_a_viewer_and_the_old_word_is_an_administrator() -> None:
    """Entries of a version before: `admin` may do everything, no role means the least one."""
    old = msgspec.json.decode(b'{"name":"a","role":"admin","token_sha256":"x"}', type=User)
    assert old.acts_as == "administrator"
    assert msgspec.json.decode(b'{"name":"a","token_sha256":"x"}', type=User).acts_as == "viewer"


def test_the_last_administrator_stays() -> None:
    """Neither removed, demoted, switched off nor limited to a region, while there is no other."""
    boss = User(name="boss", role="administrator")
    others = [User(name="far", role="administrator", regions=("south",)), User(name="op", role="operator")]
    for wanted in (UserPatch(role="operator"), UserPatch(disabled=True), UserPatch(regions=("north",))):
        with pytest.raises(LastAdministrator, match="'boss' is the last administrator"):
            keep_an_administrator([boss, *others], "boss", changed(boss, wanted))
    with pytest.raises(LastAdministrator):
        keep_an_administrator([boss, *others], "boss", None)
    keep_an_administrator([boss, *others], "boss", changed(boss, UserPatch(title="The boss")))
    keep_an_administrator([boss, *others], "op", None)
    keep_an_administrator([boss, User(name="second", role="administrator")], "boss", None)


def test_the_name_of_the_token_file_is_taken() -> None:
    """What the owner's token does is never mixed up with a user's doing."""
    with pytest.raises(InvalidBody, match="name"):
        user_of(UserIn(name="admin", role="viewer"))


def test_another_password_is_another_mark() -> None:
    """Which is what ends the sessions of before."""
    user = user_of(UserIn(name="anna", role="viewer", password=RIGHT))
    assert mark_of(with_password(user, "quite another word").password) != mark_of(user.password)


def test_tokens_are_bounded_by_role_and_number() -> None:
    """A token is never more than its user, and a user has so many at most."""
    viewer, operator = User(name="v", role="viewer"), User(name="o", role="operator")
    with pytest.raises(InvalidBody, match="allowed are viewer"):
        with_token(viewer, TokenIn(name="t", role="operator"), id_="t-1", secret="s", now_us=0)
    bounded, token = with_token(operator, TokenIn(name="t", role="integration"), id_="t-1", secret="s", now_us=0)
    assert (token.role, token.expires_at_us) == ("integration", 365 * 86_400_000_000)
    for number in range(31):
        bounded, _ = with_token(bounded, TokenIn(name="t"), id_=f"t{number}", secret="s", now_us=0)
    with pytest.raises(TooManyTokens, match="32 tokens already"):
        with_token(bounded, TokenIn(name="t"), id_="x", secret="s", now_us=0)


def test_a_token_ends_when_it_says() -> None:
    """At its last moment it lets nobody in; nor does it where its user is switched off."""
    token = AccessToken(id="t", name="t", role="viewer", sha256=hash_token("word"), made_at_us=0, expires_at_us=100)
    user = User(name="u", tokens=(token,))
    assert find_user([user], "word", 99) == (user, token)
    assert find_user([user], "word", 100) is None
    assert find_user([msgspec.structs.replace(user, disabled=True)], "word", 0) is None


def test_sessions_end() -> None:
    """By idleness, by age, by another password, and with their user."""
    user = User(name="u", password="kept")
    session = Session(user="u", mark=mark_of("kept"), made_at_us=0, seen_at_us=10 * MINUTE_US)

    def end(now_min: float, user: User | None = user) -> str:
        return end_of(session, user, now_us=round(now_min * MINUTE_US), idle_min=30, whole_min=60)

    assert [end(minute) for minute in (10, 39.9, 40, 60)] == ["", "", "idle", "old"]
    assert end(11, User(name="u", password="other")) == "password"
    assert end(11, None) == end(11, User(name="u", password="kept", disabled=True)) == "user"


def test_the_cookie_is_for_this_site_and_not_for_scripts() -> None:
    """HttpOnly and SameSite=Strict always, Secure and the host prefix over TLS; its secret is read back."""
    plain, safe = cookie_of("abc", tls=False, age_s=60), cookie_of("abc", tls=True, age_s=60)
    assert plain == "zool_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
    assert safe == "__Host-zool_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    assert secret_of("other=1; zool_session=abc") == secret_of("__Host-zool_session=abc") == "abc"
    assert secret_of("") == secret_of("other=1") == ""


def test_neither_id_nor_header_tell_the_secret() -> None:
    """Each is a hash of its own of the secret."""
    assert len({"secret", session_id("secret"), csrf_of("secret"), csrf_of("other")}) == 4
    assert same("a", "a")
    assert not same("ä", "a")


def test_calls_are_bounded_by_key() -> None:
    """A tenth of a minute's at once, then one after the other; who waits as told may call; others are not touched."""
    rate = Rate(60)
    assert [rate.wait_s("a", 0.0) for _ in range(7)] == [0] * 6 + [1]
    assert rate.wait_s("b", 0.0) == 0
    assert rate.wait_s("a", 1.0) == 0
    assert rate.wait_s("a", 1.0) == 1
    for number in range(3000):
        rate.wait_s(str(number), 2.0)
    assert len(rate._levels) == 1024


def test_the_lock_of_an_account_lasts_and_is_forgiven() -> None:
    """So many in a window; the right password makes them forgotten."""
    lock = Throttle(2, 900.0)
    for at in (0.0, 1.0):
        assert lock.wait_s("anna", at) == 0
        lock.failed("anna", at)
    assert lock.wait_s("anna", 2.0) == 899
    assert lock.wait_s("boris", 2.0) == 0
    lock.forgive("anna")
    assert lock.wait_s("anna", 2.0) == 0

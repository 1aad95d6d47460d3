"""`/deliveries`: where events are sent, which, and what became of it."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.contract_deliver import (
    DeliveryKinds,
    DeliveryList,
    DeliveryRuleIn,
    DeliveryRuleList,
    DeliveryRuleOut,
    TargetIn,
    TargetList,
    TargetOut,
    TrialIn,
    TrialOut,
)
from api.deliveries import entry_view, kinds, read_rule, read_target, rule_view, target_view
from api.errors import BadParameter, ConditionMissing, FieldFault, InvalidBody, Stale, TooManyOf
from api.etag import etag, matches
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.services import Given
from api.language import Words
from api.query import token, whole
from postprocess.deliver.log import OUTCOMES
from postprocess.deliver.settings import RULES_MAX, TARGETS_MAX

FILTERS = frozenset({"target", "outcome", "before", "limit"})
LIMIT_MAX = 200
SEQ_MAX = 2**53
IF_MATCH = HeaderParameter(name="If-Match", description="Needed once it exists")
READ = HeaderParameter(name="If-Match", description="The ETag that was read")


class Deliveries(Controller):
    """Deliveries."""

    path = "/deliveries"
    tags = ["Deliveries"]

    @get("/kinds", summary="Kinds of targets and their settings", sync_to_thread=False)
    def list_kinds(self) -> DeliveryKinds:
        """JSON Schema of each."""
        return kinds()

    @get("/targets", summary="Targets and how they are doing")
    async def list_targets(self, services: Given) -> TargetList:
        """Without the values of their secrets."""
        states = await services.dispatch.states()
        found = sorted(services.catalog.targets(), key=lambda pair: pair[0].id)
        return TargetList(items=tuple(target_view(*pair, states.get(pair[0].id)) for pair in found))

    @get("/targets/{target_id:str}", summary="One target")
    async def get_target(self, services: Given, target_id: FromPath[str]) -> Response[TargetOut]:
        """Comes with its ETag."""
        target, revision = await services.catalog.target(token("id", target_id))
        states = await services.dispatch.states()
        return Response(target_view(target, revision, states.get(target.id)), headers={"ETag": etag(revision)})

    @put("/targets/{target_id:str}", summary="Set or change a target", operation_class=takes(TargetIn))
    async def put_target(
        self,
        request: AnyRequest,
        services: Given,
        target_id: FromPath[str],
        if_match: Annotated[str, IF_MATCH] = "",
    ) -> Response[TargetOut]:
        """The whole target. A secret that was shown as stored and is written back so stays what it is."""
        wanted, known = await body(request, TargetIn), services.catalog.targets()
        key = token("id", target_id)
        if not if_match.strip():
            if any(one.id == key for one, _ in known):
                raise ConditionMissing
            if len(known) >= TARGETS_MAX:
                raise TooManyOf(kind="target", count_max=TARGETS_MAX)
            target, expect = read_target(key, wanted, None), 0
        else:
            before, expect = await services.catalog.target(key)
            if not matches(if_match, expect):
                raise Stale(kind="target", name=key, etag=etag(expect))
            target = read_target(key, wanted, before)
        revision = await services.catalog.write_target(target, expect=expect)
        shown = target_view(target, revision, None)
        return Response(shown, status_code=200 if expect else 201, headers={"ETag": shown.etag})

    @delete("/targets/{target_id:str}", summary="Remove a target")
    async def remove_target(
        self, services: Given, target_id: FromPath[str], if_match: Annotated[str, READ] = ""
    ) -> None:
        """What waits for it is not sent. Rules that name it stay, and send nothing."""
        matches(if_match, 0)
        _, revision = await services.catalog.target(token("id", target_id))
        if not matches(if_match, revision):
            raise Stale(kind="target", name=target_id, etag=etag(revision))
        await services.catalog.delete_target(target_id, expect=revision)

    @post(
        "/targets/{target_id:str}/test", summary="Send a message of trial", status_code=200,
        operation_class=takes(TrialIn),
    )  # fmt: skip
    async def test_target(self, request: AnyRequest, services: Given, target_id: FromPath[str]) -> TrialOut:
        """Once, past all rules, and not into the log. A relay opens only with `{"open": true}`."""
        wanted = await body(request, TrialIn)
        target, _ = await services.catalog.target(token("id", target_id))
        reply = await services.dispatch.trial(target.id, really=wanted.open)
        return TrialOut(ok=reply.ok, words=reply.words, took_ms=reply.took_ms)

    @get("/rules", summary="Rules: which events go where")
    async def list_rules(self, services: Given) -> DeliveryRuleList:
        """All of them, by id."""
        found = sorted(services.catalog.delivery_rules(), key=lambda pair: pair[0].id)
        return DeliveryRuleList(items=tuple(rule_view(*pair) for pair in found))

    @get("/rules/{rule_id:str}", summary="One rule")
    async def get_rule(self, services: Given, rule_id: FromPath[str]) -> Response[DeliveryRuleOut]:
        """Comes with its ETag."""
        rule, revision = await services.catalog.delivery_rule(token("id", rule_id))
        return Response(rule_view(rule, revision), headers={"ETag": etag(revision)})

    @put("/rules/{rule_id:str}", summary="Set or change a rule", operation_class=takes(DeliveryRuleIn))
    async def put_rule(
        self,
        request: AnyRequest,
        services: Given,
        rule_id: FromPath[str],
        if_match: Annotated[str, IF_MATCH] = "",
    ) -> Response[DeliveryRuleOut]:
        """The whole rule; it holds for what happens from the next moment on."""
        wanted, known = await body(request, DeliveryRuleIn), services.catalog.delivery_rules()
        key = token("id", rule_id)
        if wanted.id not in {"", key}:
            raise InvalidBody(FieldFault("id", Words("is not that of the address", "не совпадает с адресом")))
        rule = read_rule(key, wanted, {one.id: one for one, _ in services.catalog.targets()})
        expect = 0
        if not if_match.strip():
            if any(one.id == key for one, _ in known):
                raise ConditionMissing
            if len(known) >= RULES_MAX:
                raise TooManyOf(kind="rule", count_max=RULES_MAX)
        else:
            _, expect = await services.catalog.delivery_rule(key)
            if not matches(if_match, expect):
                raise Stale(kind="rule", name=key, etag=etag(expect))
        revision = await services.catalog.write_delivery_rule(rule, expect=expect)
        shown = rule_view(rule, revision)
        return Response(shown, status_code=200 if expect else 201, headers={"ETag": shown.etag})

    @delete("/rules/{rule_id:str}", summary="Remove a rule")
    async def remove_rule(self, services: Given, rule_id: FromPath[str], if_match: Annotated[str, READ] = "") -> None:
        """What it kept back is said at once."""
        matches(if_match, 0)
        _, revision = await services.catalog.delivery_rule(token("id", rule_id))
        if not matches(if_match, revision):
            raise Stale(kind="rule", name=rule_id, etag=etag(revision))
        await services.catalog.delete_delivery_rule(rule_id, expect=revision)

    @get("/log", summary="What was sent, newest first")
    async def list_log(
        self,
        *,
        request: AnyRequest,
        services: Given,
        target: Annotated[str, QueryParameter(description="Target id")] = "",
        outcome: Annotated[str, QueryParameter(description="sent, retrying, dead or expired")] = "",
        before: Annotated[str, QueryParameter(description="next_before of the page before")] = "0",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "50",
    ) -> DeliveryList:
        """Kept 30 days, 64 MiB at most. A page may be short, or empty, though there is a next one."""
        only_known(request, FILTERS)
        if outcome and outcome not in OUTCOMES:
            allowed = Words(f"allowed are {', '.join(OUTCOMES)}", f"допустимо: {', '.join(OUTCOMES)}")
            raise BadParameter(name="outcome", value=outcome, allowed=allowed)
        found, following = await services.dispatch.log(
            target=token("target", target) if target else "",
            outcome=outcome,
            before=whole("before", before, 0, SEQ_MAX),
            limit=whole("limit", limit, 1, LIMIT_MAX),
        )
        return DeliveryList(items=tuple(entry_view(*pair) for pair in found), next_before=following)

"""Messages on their way to the broker."""

from ingest.outbox import Budget, Item, Outbox


def item(number: int, size: int = 10, *, notice: bool = False) -> Item:
    """A message of a size, stamped with its number."""
    return Item(subject="s", payload=b"x" * size, message_id=str(number), captured_us=0 if notice else number)


def drain(box: Outbox) -> list[str]:
    """Send everything."""
    ids = []
    while (head := box.head()) is not None:
        ids.append(head.message_id)
        box.sent(head)
    return ids


def test_order_is_kept_and_the_head_stays_until_sent() -> None:
    """A head that was not acknowledged is the head again."""
    budget = Budget(1000)
    box = Outbox(budget)
    for number in range(1, 4):
        box.put(item(number))
    assert box.head() is box.head()
    assert drain(box) == ["1", "2", "3"]
    assert budget.bytes == 0


def test_overflow_drops_the_oldest_and_remembers_the_span() -> None:
    """Counted, and told as a span of stamps once."""
    box = Outbox(Budget(30))
    for number in range(1, 8):
        box.put(item(number))
    assert box.dropped == 4
    assert box.take_lost() == (1, 4)
    assert box.take_lost() is None
    assert drain(box) == ["5", "6", "7"]


def test_notices_never_give_way() -> None:
    """Even when nothing else is left to drop."""
    box = Outbox(Budget(30))
    for number in range(10):
        box.put(item(number, notice=True))
    box.put(item(11))
    assert drain(box) == [str(n) for n in range(10)]
    assert box.dropped == 1


def test_the_fullest_camera_gives_way() -> None:
    """A neighbour that holds little loses nothing."""
    budget = Budget(100)
    big, small = Outbox(budget), Outbox(budget)
    small.put(item(1))
    for number in range(1, 30):
        big.put(item(number))
    assert small.dropped == 0
    assert budget.bytes <= 100


def test_what_gave_way_while_it_was_being_sent_is_not_sent_twice() -> None:
    """The acknowledgement of a dropped head does not remove its successor."""
    box = Outbox(Budget(20))
    box.put(item(1))
    head = box.head()
    assert head is not None
    box.put(item(2))
    box.put(item(3))  # drops 1
    box.sent(head)
    assert drain(box) == ["2", "3"]


def test_a_closed_box_gives_its_room_back() -> None:
    """The camera was removed."""
    budget = Budget(1000)
    box = Outbox(budget)
    box.put(item(1, 500))
    box.close()
    assert budget.bytes == 0
    assert budget.boxes == []
    assert len(box) == 0
    box.close()

"""Kind of target → its driver. Edge: loads the clients."""

from __future__ import annotations

from postprocess.deliver.driver import Driver, Tools
from postprocess.deliver.http import RelayDriver, WebhookDriver
from postprocess.deliver.mail import EmailDriver
from postprocess.deliver.mqtt import MqttDriver
from postprocess.deliver.settings import Email, Mqtt, Relay, Target, Telegram, Webhook, read
from postprocess.deliver.telegram import TelegramDriver


def driver_for(target: Target, tools: Tools) -> Driver:
    """The driver of a target; raises `msgspec.ValidationError` where its settings can't be used."""
    match read(target):
        case Webhook() as settings:
            return WebhookDriver(settings, tools)
        case Mqtt() as settings:
            return MqttDriver(settings, tools)
        case Email() as settings:
            return EmailDriver(settings, tools)
        case Telegram() as settings:
            return TelegramDriver(settings, tools)
        case Relay() as settings:
            return RelayDriver(settings, tools)

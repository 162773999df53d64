"""The one place that makes clients of the API, for whichever service a stage's options name."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pitchpipe.addresses import Address, address_of, hide_address, plain_address
from pitchpipe.default_plugins.openai_errors import OFFLINE_HINT, explain, retrying
from pitchpipe.errors import ConfigError, ServiceError
from pitchpipe.redaction import hide_credentials, hiding_in_logs
from pitchpipe.stages import Learner, Learners

if TYPE_CHECKING:
    from openai import OpenAI

    from pitchpipe.service.service import Service

T = TypeVar("T")

HOSTED = "https://api.openai.com/v1"
"""Where the openai package turns to when nothing else is set."""

_CONNECT_SECONDS = 10.0
_LOGGERS = ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "openai._base_client")
"""The loggers of the openai package and of the HTTP libraries below it that quote URLs."""
_AZURE_VARIABLES = {
    "azure_endpoint": "AZURE_OPENAI_ENDPOINT",
    "api_version": "OPENAI_API_VERSION",
}
_OFFLINE_BASE_URL = "http://pitchpipe.invalid/v1"


@dataclass(frozen=True)
class Connection:
    """Which service to talk to, and how patiently; the options every stage of the API shares.

    What is None is read from the environment as the openai package does it (OPENAI_BASE_URL,
    OPENAI_ORG_ID, OPENAI_PROJECT_ID; for Azure AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION).

    Attributes:
        base_url: the service's URL; ``offline:FOLDER`` is the offline service, in this process.
        api_key_env: the environment variable that holds the key, if not the package's own.
        organization: the organization to bill.
        project: the project to bill.
        azure: use Azure OpenAI; so does an ``azure_endpoint``.
        azure_endpoint: the resource's URL on Azure.
        api_version: the API version on Azure.
        timeout: seconds to wait for an answer.
        max_retries: how often a request is tried again after a failure that may pass.
        retry_seconds: seconds before the first new try; they double.
    """

    base_url: str | None = None
    api_key_env: str | None = None
    organization: str | None = None
    project: str | None = None
    azure: bool = False
    azure_endpoint: str | None = None
    api_version: str | None = None
    timeout: float = 120.0
    max_retries: int = 4
    retry_seconds: float = 0.5

    _learners: ClassVar[Learners | None] = None
    """Where an offline service finds its learner; ``with_learners`` sets it, on an object."""

    def __post_init__(self) -> None:
        """Checks what the types cannot say."""
        if self.azure_endpoint and self.base_url:
            raise ValueError("base_url and azure_endpoint exclude each other.")
        if self.timeout <= 0:
            raise ValueError(f"timeout must be above 0; found {self.timeout}.")
        if self.max_retries < 0 or self.retry_seconds < 0:
            raise ValueError("max_retries and retry_seconds must not be negative.")

    @property
    def url(self) -> str:
        """The service's URL, for messages: without the credentials that it may hold."""
        return hide_address(self._written[0])

    @property
    def _written(self) -> tuple[str, str]:
        """The service's URL as it was written, and where."""
        option, variable, default = "base_url", "OPENAI_BASE_URL", HOSTED
        if self._on_azure:
            option, default = "azure_endpoint", "Azure OpenAI"
            variable = _AZURE_VARIABLES[option]
        own = getattr(self, option)
        if own:
            return str(own), f"trainer.{option}"
        return os.environ.get(variable) or default, variable

    @property
    def _address(self) -> Address:
        """Where requests go, and the credentials that they carry.

        Raises:
            ConfigError: it is no URL of a service.
        """
        if self._on_azure:
            self._required(self.azure_endpoint, "azure_endpoint")
        return address_of(*self._written)

    def with_learners(self, learners: Learners) -> Self:
        """A copy whose offline service finds its learner in a plugin host.

        Without it, that service knows the learner that comes with Pitchpipe alone.
        """
        bound = copy.copy(self)
        object.__setattr__(bound, "_learners", learners)  # frozen, and no option
        return bound

    @property
    def offline_service(self) -> Service:
        """The offline service in this process.

        Raises:
            ConfigError: the URL is not that of one, or the learner has no such option.
            UsageError: no plugin offers the learner.
        """
        from pitchpipe.service.offline import open_service

        return open_service(self.url, self._learners)

    @property
    def offline_learner(self) -> type[Learner]:
        """The learner of the offline service in this process; raises as ``offline_service``."""
        from pitchpipe.service.offline import learner_of

        return learner_of(self.url, self._learners)

    @property
    def offline(self) -> bool:
        """Whether it is the offline service in this process: no socket, no key, no cost."""
        return self.url.startswith("offline:")

    @property
    def hosted(self) -> bool:
        """Whether it is OpenAI's own service, whose prices are known."""
        return plain_address(self._written[0]).rstrip("/") == HOSTED

    @property
    def connection_options(self) -> dict[str, Any]:
        """The options that were set, for another stage that is to reach the same service."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(Connection)
            if field.name not in ("max_retries", "retry_seconds")
            and getattr(self, field.name) != field.default
        }

    @contextlib.contextmanager
    def client(self) -> Iterator[OpenAI]:
        """A client, closed at the end; what it raises inside the block becomes a ServiceError.

        It never tries again by itself: ``attempt`` does, where that is safe.

        Raises:
            ServiceError: no key is set, or the service could not be reached or refused.
        """
        key = self._key()
        address = None if self.offline else self._address
        import openai

        secrets = address.secrets if address else ()
        with contextlib.ExitStack() as stack:
            if secrets:
                stack.enter_context(hiding_in_logs(_LOGGERS, secrets))
            try:
                yield stack.enter_context(self._open(key, address))
            except openai.OpenAIError as error:
                message = explain(error, self.url, self._key_variable, self.timeout)
                raise ServiceError(hide_credentials(message, secrets)) from None

    def attempt(self, action: Callable[[], T], retries: int | None = None) -> T:
        """The action's result, after so many tries as the options allow.

        Args:
            action: calls the client; safe to do again after it failed half-way.
            retries: how often to try again, if not ``max_retries``.
        """
        return retrying(
            action, self.max_retries if retries is None else retries, self.retry_seconds
        )

    def once(self, find: Callable[[], T | None], create: Callable[[], T], fresh: bool) -> T:
        """What ``create`` makes, made one time only even if a reply is lost on the way.

        Args:
            find: looks for what an earlier try may have made.
            create: makes it.
            fresh: whether nobody can have tried before, so that the first look is spared.
        """
        tried = not fresh

        def find_or_create() -> T:
            nonlocal tried
            found = find() if tried else None
            tried = True
            return create() if found is None else found

        return self.attempt(find_or_create)

    def _required(self, value: str | None, option: str) -> str:
        variable = _AZURE_VARIABLES[option]
        value = value or os.environ.get(variable)
        if not value:
            raise ConfigError(f"Azure OpenAI needs {option}: set the option, or {variable}.")
        return value

    @property
    def _on_azure(self) -> bool:
        return self.azure or self.azure_endpoint is not None

    @property
    def _key_variable(self) -> str:
        default = "AZURE_OPENAI_API_KEY" if self._on_azure else "OPENAI_API_KEY"
        return self.api_key_env or default

    def _key(self) -> str | None:
        if self.offline:
            return "offline"
        key = os.environ.get(self._key_variable)
        if key or (self._on_azure and os.environ.get("AZURE_OPENAI_AD_TOKEN")):
            return key or None
        raise ServiceError(
            f"{self.url}: no key. Set the environment variable {self._key_variable}; {OFFLINE_HINT}"
        )

    def _open(self, key: str | None, address: Address | None) -> OpenAI:
        import openai

        common: dict[str, Any] = {
            "api_key": key,
            "organization": self.organization,
            "max_retries": 0,
            "timeout": openai.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_SECONDS)),
        }
        if address is None:
            from pitchpipe.service.transports import openai_http_client

            common["http_client"] = openai_http_client(self.offline_service)
            return openai.OpenAI(base_url=_OFFLINE_BASE_URL, **common)
        if address.headers:  # they go before the key, as they do where a client reads them itself
            common["default_headers"] = dict(address.headers)
        if address.query:
            common["default_query"] = dict(address.query)
        if self._on_azure:
            version = self._required(self.api_version, "api_version")
            return openai.AzureOpenAI(azure_endpoint=address.plain, api_version=version, **common)
        return openai.OpenAI(base_url=address.plain, project=self.project, **common)

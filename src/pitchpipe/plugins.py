"""Loading, blocking, listing and diagnosing plugins. There is no global host: make your own."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pluggy

from pitchpipe import deprecations, hookspecs
from pitchpipe.deprecations import Deprecation
from pitchpipe.diagnosis import problems_of
from pitchpipe.discovery import installed
from pitchpipe.errors import PluginError, UnknownNameError
from pitchpipe.hooks import close_hook, implementations, specifications
from pitchpipe.plugin_names import check_names, default_providers
from pitchpipe.records import Estimate, JobEvent, RunInfo
from pitchpipe.registry import Entry, Provider, Registry, StageT, same_distribution
from pitchpipe.stages import Engine, Formatter, Learner, Predictor, Splitter, Trainer, Validator

_log = logging.getLogger(__name__)
# where nobody listens, warnings must not land on standard error
logging.getLogger("pitchpipe").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class LoadFailure:
    """A plugin that did not load.

    Attributes:
        provider: the plugin and its distribution.
        error: what it raised.
    """

    provider: Provider
    error: Exception | SystemExit

    def __str__(self) -> str:
        kind = type(self.error).__name__
        return f"plugin {self.provider.plugin!r} of {self.provider}: {kind}: {self.error}"

    def traceback(self) -> str:
        """The full traceback, as text."""
        return "".join(traceback.format_exception(self.error))


@dataclass(frozen=True)
class LeftOut:
    """A plugin that was not loaded because nobody wants it.

    Attributes:
        provider: the plugin and its distribution.
        reason: whether it is blocked, or not among those that are allowed.
    """

    provider: Provider
    reason: Literal["blocked", "not allowed"]


class PluginHost:
    """The plugins of one pipeline, and the stages they offer.

    Args:
        plugins: plugin objects or modules to register besides those installed.
        defaults: whether to register the plugins that come with Pitchpipe.
        entry_points: whether to load installed plugins from the ``pitchpipe`` entry-point group.
        block: plugin or distribution names that are not loaded; a distribution in any spelling.
        allow: if given, the only plugin or distribution names that are loaded from entry points.
        strict: whether whatever is wrong with the plugins is an error, for continuous integration.

    Attributes:
        failures: what did not load; the rest works.
        left_out: what was not loaded because of ``block`` and ``allow``.
        deprecated: which plugin uses what a later version will not have.
        block: as given.
        allow: as given.
        known: the names of all plugins and distributions there are, loaded or not.

    Raises:
        UnknownNameError: no plugin or distribution has a name in ``block`` or ``allow``; nothing
            was loaded.
        PluginError: strictly only: plugins did not load, collide or use something deprecated;
            lists them all.
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        defaults: bool = True,
        entry_points: bool = True,
        block: Collection[str] = (),
        allow: Collection[str] | None = None,
        strict: bool = False,
    ) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._providers: dict[str, Provider] = {}
        self.block = frozenset(block)
        self.allow = None if allow is None else frozenset(allow)
        self.known: set[str] = set()
        self.failures: list[LoadFailure] = []
        self.left_out: list[LeftOut] = []
        self.deprecated: list[tuple[str, Deprecation]] = []

        self.formatters = Registry[Formatter]("formatter", Formatter)
        self.validators = Registry[Validator[Any]]("validator", Validator)
        self.splitters = Registry[Splitter]("splitter", Splitter)
        self.trainers = Registry[Trainer]("trainer", Trainer)
        self.predictors = Registry[Predictor]("predictor", Predictor)
        self.learners = Registry[Learner]("learner", Learner)
        self.engines = Registry[Engine]("engine", Engine)

        given = [(plugin, _provider_of(plugin)) for plugin in plugins]
        choice = [("block", self.block), ("allow", self.allow or frozenset())]
        check_names(
            [(name, keyword) for keyword, names in choice for name in sorted(names)],
            [provider for _, provider in given],
        )
        if defaults:
            from pitchpipe.default_plugins import DEFAULT_PLUGINS

            for module, provider in zip(DEFAULT_PLUGINS, default_providers(), strict=True):
                self._offer(module, provider)
        if entry_points:
            self._load_entry_points()
        for plugin, provider in given:
            self._offer(plugin, provider)
        if strict and (found := problems_of(self)):
            lines = [f"- {problem.message.rstrip('.')}. {problem.advice}" for problem in found]
            raise PluginError("\n".join(["plugins are checked strictly:", *lines]))

    @property
    def registries(self) -> tuple[Registry[Any], ...]:
        """The registries, in the order of the pipeline."""
        return (
            self.formatters,
            self.validators,
            self.splitters,
            self.trainers,
            self.predictors,
            self.learners,
            self.engines,
        )

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The loaded plugins, in the order of loading."""
        return tuple(self._providers.values())

    def register(self, plugin: object, name: str | None = None) -> None:
        """Adds a plugin: a module, or an instance whose methods are hook implementations.

        Raises:
            PluginError: it is a class, implements no hook, or one that does not exist; or its name
                is taken.
        """
        self._offer(plugin, _provider_of(plugin, name))

    def hooks_of(self, provider: Provider) -> list[str]:
        """The hooks that a loaded plugin implements, sorted."""
        return sorted(self._arguments(self.plugin_of(provider)))

    def plugin_of(self, provider: Provider) -> object:
        """The module or object that was loaded."""
        return self._manager.get_plugin(_key(provider))

    def get(self, registry: Registry[StageT], name: str) -> Entry[StageT]:
        """As ``registry.get``, but a plugin that failed to load is named, and its error chained."""
        try:
            return registry.get(name)
        except UnknownNameError as error:
            suspects = self._suspects(name)
            if not suspects:
                raise
            failed = "; ".join(map(str, suspects))
            raise PluginError(f"{error} Did not load: {failed}") from suspects[0].error

    def learner(self, name: str, /) -> tuple[str, type[Learner]]:
        """The one spelling of a learner's name, and its class; as ``stages.Learners``.

        Raises:
            UnknownNameError: no plugin offers it.
            PluginError: a plugin that should have offered it did not load, or several offer it.
        """
        entry = self.get(self.learners, name)
        return self.learners.spelling_of(entry), entry.stage

    def _suspects(self, name: str) -> list[LoadFailure]:
        distribution, _, short = name.rpartition(":")
        return sorted(
            (
                failure
                for failure in self.failures
                if not distribution
                or same_distribution(distribution, failure.provider.distribution)
            ),
            key=lambda f: short not in (f.provider.plugin, f.provider.distribution),
        )

    # --- observers -------------------------------------------------------------------------------

    def run_started(self, run: RunInfo) -> None:
        """Tells every plugin; so do the methods that follow."""
        self._notify("run_started", run=run)

    def stage_started(self, run: RunInfo, stage: str) -> None:
        """A stage begins."""
        self._notify("stage_started", run=run, stage=stage)

    def stage_progressed(self, run: RunInfo, stage: str, done: int, total: int | None) -> None:
        """A stage has done some of its units."""
        self._notify("stage_progressed", run=run, stage=stage, done=done, total=total)

    def stage_finished(self, run: RunInfo, stage: str, seconds: float) -> None:
        """A stage is done."""
        self._notify("stage_finished", run=run, stage=stage, seconds=seconds)

    def stage_failed(self, run: RunInfo, stage: str, error: BaseException) -> None:
        """A stage raised."""
        self._notify("stage_failed", run=run, stage=stage, error=error)

    def job_estimated(self, run: RunInfo, estimate: Estimate) -> None:
        """The training job is about to be submitted."""
        self._notify("job_estimated", run=run, estimate=estimate)

    def job_event(self, run: RunInfo, event: JobEvent) -> None:
        """The training job has news."""
        self._notify("job_event", run=run, event=event)

    def run_finished(self, run: RunInfo, error: BaseException | None) -> None:
        """The run ends."""
        self._notify("run_finished", run=run, error=error)

    def _notify(self, hook: str, **news: object) -> None:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        for observer in reversed(caller.get_hookimpls()):  # pluggy keeps the first to run last
            try:
                observer.function(*(news[name] for name in observer.argnames))
            except Exception:  # noqa: BLE001 - an observer's trouble must not cost the run
                _log.exception("plugin %s failed in %s", observer.plugin_name, hook)

    # --- loading ---------------------------------------------------------------------------------

    def _load_entry_points(self) -> None:
        for one in installed():
            if not self._is_wanted(one.provider, self.allow):
                continue
            try:
                self._add(one.load(), one.provider)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the others must not suffer
                self.failures.append(LoadFailure(one.provider, error))

    def _offer(self, plugin: object, provider: Provider) -> None:
        if self._is_wanted(provider):
            self._add(plugin, provider)

    def _is_wanted(self, provider: Provider, allow: Collection[str] | None = None) -> bool:
        self.known |= set(provider.names)
        if any(map(provider.answers_to, self.block)):
            self.left_out.append(LeftOut(provider, "blocked"))
        elif allow is not None and not any(map(provider.answers_to, allow)):
            self.left_out.append(LeftOut(provider, "not allowed"))
        else:
            return True
        return False

    def _add(self, plugin: object, provider: Provider) -> None:
        key = _key(provider)
        if inspect.isclass(plugin):
            raise PluginError(f"{key}: {plugin.__qualname__} is a class; give an instance of it.")
        if self._manager.has_plugin(key) or self._manager.is_registered(plugin):
            raise PluginError(f"{key}: already registered; give another object another name.")
        try:
            self._manager.register(plugin, key)
            self._manager.check_pending()
            self._collect(plugin, provider)
        except pluggy.PluginValidationError as error:
            self._manager.unregister(name=key)
            hint = "".join(_hints(plugin))
            raise PluginError(f"{key}: {error}.{hint} See 'hooks' in the documentation.") from error
        except BaseException:
            self._manager.unregister(name=key)
            raise
        self._providers[key] = provider

    def _collect(self, plugin: object, provider: Provider) -> None:
        if not self._manager.get_hookcallers(plugin):
            raise PluginError(f"{_key(provider)}: implements no hook of Pitchpipe.")
        offered: list[tuple[Registry[Any], str, type]] = []
        others = [p for p in self._manager.get_plugins() if p is not plugin]
        for registry in self.registries:
            hook = f"register_{registry.kind}s"

            def register(name: str, stage: type, registry: Registry[Any] = registry) -> None:
                offered.append((registry, name, stage))

            caller: Callable[..., Any] = self._manager.subset_hook_caller(hook, others)
            caller(register=register)
        for registry, name, stage in offered:
            registry.check(name, stage, provider)
        user = f"plugin {provider.plugin!r} of {provider}"
        used = [*deprecations.in_hooks(self._arguments(plugin))]
        for _, _, stage in offered:
            used += deprecations.in_stage(stage)
        for deprecation in dict.fromkeys(used):
            deprecation.warn(user)
            self.deprecated.append((user, deprecation))
        for registry, name, stage in offered:
            registry.add(name, stage, provider)

    def _arguments(self, plugin: object) -> dict[str, tuple[str, ...]]:
        return {
            caller.name: tuple(implementation.argnames)
            for caller in self._manager.get_hookcallers(plugin) or ()
            for implementation in caller.get_hookimpls()
            if implementation.plugin is plugin
        }


def _provider_of(plugin: object, name: str | None = None) -> Provider:
    """Where a plugin given as an object comes from: its module."""
    kind = type(plugin)
    own = getattr(plugin, "__name__", None) or f"{kind.__module__}.{kind.__qualname__}"
    return Provider(own.partition(".")[0], "", name or own)


def _key(provider: Provider) -> str:
    return f"{provider.distribution}:{provider.plugin}"


def _hints(plugin: object) -> Iterator[str]:
    known = specifications()
    for implementation in implementations(plugin):
        close = close_hook(implementation.hook)
        if implementation.hook not in known and close is not None:
            yield f" Did you mean {close!r}?"

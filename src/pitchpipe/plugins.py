"""Loading, blocking, listing and diagnosing plugins. There is no global host: make your own."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import Distribution, distributions
from typing import Any

import pluggy

from pitchpipe import hookspecs
from pitchpipe.errors import PluginError, UnknownNameError
from pitchpipe.records import Estimate, JobEvent, RunInfo
from pitchpipe.registry import Entry, Provider, Registry, StageT
from pitchpipe.stages import Engine, Formatter, Learner, Predictor, Splitter, Trainer, Validator

ENTRY_POINT_GROUP = "pitchpipe"
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


class PluginHost:
    """The plugins of one pipeline, and the stages they offer.

    Args:
        plugins: plugin objects or modules to register besides those installed.
        defaults: whether to register the plugins that come with Pitchpipe.
        entry_points: whether to load installed plugins from the ``pitchpipe`` entry-point group.
        block: plugin or distribution names that are not loaded.
        allow: if given, the only plugin or distribution names that are loaded from entry points.

    Attributes:
        failures: what did not load; the rest works.
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        defaults: bool = True,
        entry_points: bool = True,
        block: Collection[str] = (),
        allow: Collection[str] | None = None,
    ) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._providers: dict[str, Provider] = {}
        self._block = frozenset(block)
        self._allow = None if allow is None else frozenset(allow)
        self.failures: list[LoadFailure] = []

        self.formatters = Registry[Formatter]("formatter", Formatter)
        self.validators = Registry[Validator[Any]]("validator", Validator)
        self.splitters = Registry[Splitter]("splitter", Splitter)
        self.trainers = Registry[Trainer]("trainer", Trainer)
        self.predictors = Registry[Predictor]("predictor", Predictor)
        self.learners = Registry[Learner]("learner", Learner)
        self.engines = Registry[Engine]("engine", Engine)

        if defaults:
            from pitchpipe import __version__
            from pitchpipe.default_plugins import DEFAULT_PLUGINS

            for module in DEFAULT_PLUGINS:
                name = module.__name__.rpartition(".")[2]
                self._add(module, Provider("pitchpipe", __version__, name))
        if entry_points:
            self._load_entry_points()
        for plugin in plugins:
            self.register(plugin)

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
        kind = type(plugin)
        own = getattr(plugin, "__name__", None) or f"{kind.__module__}.{kind.__qualname__}"
        self._add(plugin, Provider(own.partition(".")[0], "", name or own))

    def hooks_of(self, provider: Provider) -> list[str]:
        """The hooks that a loaded plugin implements, sorted."""
        plugin = self._manager.get_plugin(_key(provider))
        callers = self._manager.get_hookcallers(plugin) or []
        return sorted(caller.name for caller in callers)

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

    def _suspects(self, name: str) -> list[LoadFailure]:
        distribution, _, short = name.rpartition(":")
        return sorted(
            (f for f in self.failures if distribution in ("", f.provider.distribution)),
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
        for provider, load in _installed():
            names = {provider.distribution, provider.plugin}
            if names & self._block or (self._allow is not None and not names & self._allow):
                continue
            try:
                self._add(load(), provider)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the others must not suffer
                self.failures.append(LoadFailure(provider, error))

    def _add(self, plugin: object, provider: Provider) -> None:
        if {provider.distribution, provider.plugin} & self._block:
            return
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
            raise PluginError(f"{key}: {error}. See 'hooks' in the documentation.") from error
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
        for registry, name, stage in offered:
            registry.add(name, stage, provider)


def _key(provider: Provider) -> str:
    return f"{provider.distribution}:{provider.plugin}"


def _installed() -> list[tuple[Provider, Callable[[], object]]]:
    found: dict[tuple[str, str], tuple[Provider, Callable[[], object]]] = {}
    for distribution in distributions():
        for plugin, load in _offers(distribution):
            name, version = (
                _field(distribution, "Name") or "unnamed",
                _field(distribution, "Version"),
            )
            # as on sys.path, the first of two installations of a distribution counts
            found.setdefault((name, plugin), (Provider(name, version, plugin), load))
    return [found[key] for key in sorted(found)]


def _offers(distribution: Distribution) -> list[tuple[str, Callable[[], object]]]:
    try:
        points = list(distribution.entry_points)
    except Exception as error:  # noqa: BLE001 - whatever a damaged list makes its reader raise
        ours = f"[{ENTRY_POINT_GROUP}]" in (distribution.read_text("entry_points.txt") or "")
        return [("entry_points.txt", partial(_raise, error))] if ours else []
    return [(point.name, point.load) for point in points if point.group == ENTRY_POINT_GROUP]


def _field(distribution: Distribution, name: str) -> str:
    values = distribution.metadata.get_all(name) or [""]
    return str(values[0])


def _raise(error: Exception) -> None:
    raise error

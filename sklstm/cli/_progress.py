"""Progress on standard error, with the time that is left; nothing if that is no terminal."""

import os
from contextlib import contextmanager

from sklearn.pipeline import Pipeline

from sklstm._optional import import_optional


class Progress:
    """Bars of what is under way; a callback of scikit-learn, too, with a bar for each training."""

    max_propagation_depth = None  # scikit-learn: also follow the steps of a pipeline

    def __init__(self):
        console = import_optional("rich.console", "cli").Console(stderr=True)
        rich = import_optional("rich.progress", "cli")
        self._bars = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            rich.TimeElapsedColumn(),
            rich.TextColumn("left"),
            rich.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._trainings = {}

    def __enter__(self):
        self._bars.start()
        return self

    def __exit__(self, *exception):
        self._bars.stop()

    def __deepcopy__(self, memo):
        return self

    # ------------------------------------------------------------ of a file

    def follow(self, raw):
        """Show how much of a file has been read, whenever `moved` is called."""
        self._raw = raw
        self._bar = self._bars.add_task("reading", total=os.fstat(raw.fileno()).st_size or None)

    def moved(self):
        """Look where in the file reading has come to."""
        if hasattr(self, "_raw") and not self._raw.closed:
            self._bars.update(self._bar, completed=self._raw.tell())

    # ------------------------------------------------------------ of a fit

    @contextmanager
    def of_fit(self, model):
        """Follow the fit of a model, if scikit-learn has callbacks for that (1.9)."""
        if not hasattr(model, "set_callbacks"):
            yield
            return
        model.set_callbacks(self)
        try:
            yield
        finally:
            model.set_callbacks()

    def setup(self, estimator, context):
        """Begin; the bars have been started."""

    def teardown(self, estimator, context):
        """End; the bars stop when all is done."""

    def on_fit_task_begin(self, estimator, context):
        """Add a bar for a task with subtasks, such as a network with its epochs."""
        if context.max_subtasks and not isinstance(estimator, Pipeline):
            name = context.estimator_name
            if context.task_name != "fit":
                name += f", {context.task_name} {context.task_id + 1}"
            self._trainings[id(context)] = self._bars.add_task(name, total=context.max_subtasks)

    def on_fit_task_end(self, estimator, context):
        """Advance the bar of the task that this one is a part of, and drop its own."""
        if (bar := self._trainings.pop(id(context), None)) is not None:
            self._bars.remove_task(bar)
        if (bar := self._trainings.get(id(context.parent))) is not None:
            self._bars.advance(bar)

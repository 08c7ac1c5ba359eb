"""An argument of a fit that is computed only once other fits are done."""


class Deferred:
    """What a `TextPipeline` passes to a step, and can compute only once those before are fitted.

    A pickle is that of the value. So is joblib's hash, by which ``memory=`` finds a step again: of
    a function it would be a hash of the pipeline, which fitting changes.

    Parameters
    ----------
    function : callable
        Returns the value.
    *arguments
        What it is called with.
    """

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def evaluate(self):
        """Compute the value."""
        return self.function(*self.arguments)

    def __reduce__(self):
        return _identity, (self.evaluate(),)


def _identity(value):
    return value


def evaluate_deferred(args, kwargs):
    """Return the positional and named arguments of a fit with the values of those deferred."""
    return [*map(_evaluate, args)], {name: _evaluate(value) for name, value in kwargs.items()}


def _evaluate(argument):
    return argument.evaluate() if isinstance(argument, Deferred) else argument

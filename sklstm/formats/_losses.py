"""What one form of the data holds and the other cannot."""

import warnings

from sklstm._arguments import levels_to_caller
from sklstm._sklearn import StrOptions

LOSSY = [StrOptions({"warn", "raise"})]  # the constraint of the parameter


class Losses:
    """Count what is lost, and tell it in one warning; with ``lossy="raise"`` none may be.

    Parameters
    ----------
    name : str
        The file, say: what the warning is about.
    lossy : {"warn", "raise"}
        The user's choice.
    """

    def __init__(self, name, lossy):
        self.name, self.lossy, self.cases = name, lossy, {}

    def add(self, what, place, example):
        """Add a case; `what` says in the plural what it is and what becomes of it."""
        if self.lossy == "raise":
            raise ValueError(
                f"{self.name}, {place}: {example!r} is one of the {what}. Change it, or pass "
                "lossy='warn'."
            )
        self.cases.setdefault(what, []).append((place, example))

    def report(self):
        """Warn, if there was any loss."""
        told = [
            f"{what}: {len(cases)}, the first {cases[0][1]!r:.80} ({cases[0][0]})"
            for what, cases in self.cases.items()
        ]
        if told:
            message = f"{self.name}: {'; '.join(told)}. lossy='raise' makes that an error."
            warnings.warn(message, UserWarning, stacklevel=levels_to_caller())

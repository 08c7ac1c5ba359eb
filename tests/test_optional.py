import math

import pytest

from sklstm._optional import import_optional


def test_returns_the_module():
    assert import_optional("math", extra="plots") is math


def test_a_missing_module_names_the_extra():
    with pytest.raises(ImportError, match=r'pip install "sklstm\[plots\]"') as caught:
        import_optional("no_such_package.part", extra="plots")
    assert "no_such_package" in str(caught.value)
    assert isinstance(caught.value.__cause__, ImportError)

"""The cells of recurrent nets: the equations of one step.

Every cell has a readable ``step``, and a fast ``run`` over all steps with the same results. In all
equations :math:`x_t` is the input of a step and :math:`h_t` its output; capital letters are
weights, :math:`b` biases, and :math:`\\odot` is the element-wise product.
"""

from inspect import signature

from sklstm.nn.cells._coupled import CoupledCell
from sklstm.nn.cells._gru import GRUCell
from sklstm.nn.cells._lstm import LSTMCell
from sklstm.nn.cells._minimal import MinGRUCell, MinLSTMCell
from sklstm.nn.cells._peephole import PeepholeCell
from sklstm.nn.cells._rnn import RNNCell

CELLS = {
    "rnn": RNNCell,
    "lstm": LSTMCell,
    "peephole": PeepholeCell,
    "coupled": CoupledCell,
    "gru": GRUCell,
    "minlstm": MinLSTMCell,
    "mingru": MinGRUCell,
}


def cell_options(name):
    """Return the names of a cell's options, beyond its sizes.

    Parameters
    ----------
    name : str
        A name in `CELLS`.

    Returns
    -------
    list of str
        The names.
    """
    return list(signature(CELLS[name]).parameters)[2:]

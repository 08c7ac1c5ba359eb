"""Inspection of data, and of fitted estimators.

Before training `describe` and `learning_rate_test`; afterwards how it went, the likely label
errors, token contributions, gradients, gates, states and attention.
"""

from sklstm._summary import ModelSummary
from sklstm.inspection._attention import AttentionDisplay, attention_weights
from sklstm.inspection._confidence import ConfidenceDisplay
from sklstm.inspection._contributions import TokenContributionsDisplay, token_contributions
from sklstm.inspection._describe import DataSummary, describe
from sklstm.inspection._gates import GateActivationsDisplay, gate_activations
from sklstm.inspection._gradients import GradientFlowDisplay, gradient_flow
from sklstm.inspection._learning_rate import LearningRateTestDisplay, learning_rate_test
from sklstm.inspection._states import HiddenStatesDisplay, hidden_states
from sklstm.inspection._top_losses import top_losses
from sklstm.inspection._training_curve import TrainingCurveDisplay

__all__ = [
    "AttentionDisplay",
    "ConfidenceDisplay",
    "DataSummary",
    "GateActivationsDisplay",
    "GradientFlowDisplay",
    "HiddenStatesDisplay",
    "LearningRateTestDisplay",
    "ModelSummary",
    "TokenContributionsDisplay",
    "TrainingCurveDisplay",
    "attention_weights",
    "describe",
    "gate_activations",
    "gradient_flow",
    "hidden_states",
    "learning_rate_test",
    "token_contributions",
    "top_losses",
]

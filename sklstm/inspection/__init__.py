"""Inspection of fitted estimators: gradients, gates, states, attention, token contributions."""

from sklstm.inspection._attention import AttentionDisplay, attention_weights
from sklstm.inspection._confidence import ConfidenceDisplay
from sklstm.inspection._contributions import TokenContributionsDisplay, token_contributions
from sklstm.inspection._gates import GateActivationsDisplay, gate_activations
from sklstm.inspection._gradients import GradientFlowDisplay, gradient_flow
from sklstm.inspection._states import HiddenStatesDisplay, hidden_states

__all__ = [
    "AttentionDisplay",
    "ConfidenceDisplay",
    "GateActivationsDisplay",
    "GradientFlowDisplay",
    "HiddenStatesDisplay",
    "TokenContributionsDisplay",
    "attention_weights",
    "gate_activations",
    "gradient_flow",
    "hidden_states",
    "token_contributions",
]

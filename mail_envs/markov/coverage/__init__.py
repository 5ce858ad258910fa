"""Concentrability: how badly a deviation can leave the experts' data.

========================  ==========================================================================
`concentrability`         the door: one report about a game and its experts
`assembly`                puts it together
`report`, `coefficients`  what it says, and how it looks
`blocks`                  large block games on their blocks
`deviations`              the decision problem of a player whose opponents stay with the experts
`steering`                its dynamic programs, many at a time
`state_level`             ratios of state occupancies
`features`, `vectors`     feature maps as rows of numbers
`whitening`, `moments`    their moments in units of the experts'
`extremes`                every occupancy worth trying, where there are few
`alternation`             climbing, where there are many
`feature_level`           the three coefficients of features
========================  ==========================================================================
"""

from mail_envs.markov.coverage.assembly import concentrability
from mail_envs.markov.coverage.coefficients import Coefficient, Coefficients, Deviation
from mail_envs.markov.coverage.report import Concentrability

__all__ = ["Coefficient", "Coefficients", "Concentrability", "Deviation", "concentrability"]

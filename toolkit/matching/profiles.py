"""Keys profiled: how many different people own one, and so what it is worth as evidence.

Counting cards would condemn the number of a client with ten duplicates; people who cannot be one are counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.matching.cards import Cards
from toolkit.matching.engines import Engine
from toolkit.matching.reasons import DOUBT, VETO, Reason, Verdict
from toolkit.matching.rules import MatchRules

__all__ = ["profile"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def profile(
    directory: pd.DataFrame,
    owners: pd.DataFrame,
    pairs: pd.DataFrame,
    cards: Cards,
    rules: MatchRules,
    engine: Engine,
) -> pd.DataFrame:
    """What each key is worth.

    Args:
        directory: see `SharedKeys`; with a column bare bool, true for a fixed line that others own with
            an extension.
        owners: see `SharedKeys`.
        pairs: columns key, a, b, verdict, reasons: every compared pair of every key.
        cards: the cards.
        rules: the thresholds.
        engine: counts the people who hang together.

    Returns:
        One row per key: people int (different people among its owners; cards without a name do not count),
        sole bool (exactly one person, with a full name), worth int (a `Reason` of a key, 0 for no evidence).
    """
    key, node = owners["key"].to_numpy(), owners["node"].to_numpy()
    people, sole = _people(len(directory), key, node, pairs, cards, engine)
    key_type = directory["key_type"].astype(str)
    is_inn = np.asarray(key_type == "inn", dtype=np.bool_)
    is_company = np.asarray([cards.entities[e] == "company" for e in directory["entity"]], dtype=np.bool_)
    mailbox = directory["key_value"].astype(str).str.replace(r"@.*$", "", regex=True)
    is_role = np.asarray((key_type == "email") & mailbox.isin(rules.role_mailboxes), dtype=np.bool_)
    is_weak = np.asarray(key_type.isin(rules.weak_key_types), dtype=np.bool_)
    through_switchboard = directory["elsewhere"].to_numpy(np.bool_) & ~is_company & ~is_inn
    through_switchboard |= directory["bare"].to_numpy(np.bool_)
    worth = np.select(
        [
            is_inn & (people > rules.inn_titles),
            is_inn,
            (people > rules.household_people) | is_weak | (is_role & ~is_company),
            through_switchboard,
            people <= 1,
        ],
        [
            0,
            int(Reason.PERSONAL_KEY),
            int(Reason.SHARED_KEY),
            int(Reason.SWITCHBOARD_KEY),
            int(Reason.PERSONAL_KEY),
        ],
        int(Reason.HOUSEHOLD_KEY),
    )
    return pd.DataFrame({"people": people, "sole": sole, "worth": worth.astype(np.int64)})


def _people(
    keys: int, key: Ints, node: Ints, pairs: pd.DataFrame, cards: Cards, engine: Engine
) -> tuple[Ints, Bools]:
    """Different people per key, and whether they are exactly one person known by full name."""
    full, blank = cards.full[node], cards.blank[node]
    # An ownership is a card seen through one key: the same two cards may hang together in one key only.
    packed = (key << 32) | node
    pair_key = pairs["key"].to_numpy()
    left = np.searchsorted(packed, (pair_key << 32) | pairs["a"].to_numpy())
    right = np.searchsorted(packed, (pair_key << 32) | pairs["b"].to_numpy())
    reasons, verdict = pairs["reasons"].to_numpy(), pairs["verdict"].to_numpy()
    compatible = (verdict != Verdict.DISAGREE) & ((reasons & int(VETO | DOUBT)) == 0)
    agree = compatible & (verdict == Verdict.AGREE)

    # "Мария" belongs to the Иванова Мария beside her; without one, the bare names are people of their own.
    attached = np.zeros(len(node), dtype=np.bool_)
    attached[left[compatible & full[right]]] = True
    attached[right[compatible & full[left]]] = True
    loose = ~full & ~blank & ~attached
    joined = (agree & full[left] & full[right]) | (compatible & loose[left] & loose[right])
    person = engine.components(len(node), left[joined], right[joined])
    full_people = _distinct(keys, key[full], person[full])
    people = full_people + _distinct(keys, key[loose], person[loose])
    return people, (full_people == 1) & (people == 1)


def _distinct(keys: int, key: Ints, person: Ints) -> Ints:
    pairs = np.unique((key << 32) | person)
    return np.bincount(pairs >> 32, minlength=keys).astype(np.int64)

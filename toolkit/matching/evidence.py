"""Evidence: which cards share which keys, what the names say about it, and what may follow.

keys -> owners -> pairs -> names compared -> keys profiled -> pairs judged, each with its reasons.
Nothing here knows how numbers are normalised: keys come as rows, from `phones`, `inn`, or anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import ParameterError
from toolkit.matching.cards import Cards, by_registration, require_columns
from toolkit.matching.decisions import Decisions
from toolkit.matching.engines import DuckEngine, Engine
from toolkit.matching.profiles import profile
from toolkit.matching.reasons import DOUBT, VETO, Reason, Tier, Verdict
from toolkit.matching.rules import MatchRules

__all__ = ["Evidence", "gather_evidence", "judge", "telling_keys"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_KEY_COLUMNS = ["node", "entity", "key_type", "key_value", "extension"]


@dataclass(frozen=True)
class Evidence:
    """What is known about every pair of cards that shares a key.

    Args:
        cards: the cards, by position.
        rules: the thresholds used.
        held: every key that may count, one row per card: node, key_type, key_value, extension (the KPP of
            an INN).
        keys: one row per key shared by several cards of one entity: entity int, key_type, key_value,
            extension, owners, elsewhere, bare, people, sole, worth (see `profile`).
        owners: columns key, node: who owns them.
        edges: one row per pair: a, b (positions, a < b), verdict, reasons, tier, keys (how many shared).
        engine: what did the heavy steps, for those that follow.
        decisions: what people had said.
    """

    cards: Cards
    rules: MatchRules
    held: pd.DataFrame
    keys: pd.DataFrame
    owners: pd.DataFrame
    edges: pd.DataFrame
    engine: Engine
    decisions: Decisions


def gather_evidence(
    records: pd.DataFrame,
    keys: pd.DataFrame,
    rules: MatchRules | None = None,
    decisions: Decisions | None = None,
    engine: Engine | None = None,
) -> Evidence:
    """Every pair of cards that shares a key, judged.

    Args:
        records: one row per card, see `Cards.read`. Columns inn and kpp, where present, count as keys.
        keys: one row per key of a card: entity, id, key_type (`phone`, `email`, `inn`, …), key_value
            (normalised: E.164, lower-cased mail, checked INN); as far as known extension (of a phone; the
            KPP of an INN) and may_key (rows where it is false are left out).
        rules: the thresholds.
        decisions: what people said before.
        engine: what does the heavy steps.

    Raises:
        ParameterError: a column is missing, a card stands twice, or a key belongs to no card.
    """
    rules, engine = rules or MatchRules(), engine or DuckEngine()
    decisions = decisions or Decisions()
    cards = Cards.read(records)
    rows = _key_rows(records, keys, cards, rules, decisions)
    inn_rows = rows["key_type"] == "inn"
    held = rows[["node", "key_type", "key_value", "extension"]].drop_duplicates(ignore_index=True)
    kpps = rows[inn_rows]
    # A KPP qualifies its INN and an extension its line; only the latter is part of the key.
    rows = rows.assign(extension=rows["extension"].mask(inn_rows, ""))
    shared = engine.keys(rows[_KEY_COLUMNS])
    directory, owners = shared.directory, shared.owners
    extended = rows.loc[~inn_rows & (rows["extension"] != ""), ["key_type", "key_value"]].drop_duplicates()
    directory["bare"] = _stand_in(directory, extended) & (directory["extension"] == "")

    block = cards.blocks()
    pairs = engine.edges(owners.assign(block=block[owners["node"]]), rules.all_pairs_owners)
    a, b, back = _unique_pairs(pairs["a"].to_numpy(), pairs["b"].to_numpy())
    verdicts, reasons = cards.compare(a, b)
    pairs["verdict"], pairs["reasons"] = verdicts[back], reasons[back]
    directory = pd.concat([directory, profile(directory, owners, pairs, cards, rules, engine)], axis=1)

    cards = replace(
        cards,
        registrations=_registrations(kpps, directory, cards),
        extensions=_extensions(rows[~inn_rows & (rows["extension"] != "")]),
        said_different=decisions.packed(cards),
    )
    forbidding = cards.forbidding(a, b)
    support, counted, telling = _support(pairs["key"].to_numpy(), back, len(a), directory)
    verdicts, reasons = by_registration(verdicts, reasons | forbidding | support)
    if rules.own_keys_raise_doubt:
        own = telling_keys(held, owners, directory, rules, len(cards))
        apart = (telling == 1) & (own[a] > 1) & (own[b] > 1) & ~cards.patronymics_known(a, b)
        apart &= ~cards.is_company[a] & ((reasons & int(Reason.SAME_INN)) == 0)
        reasons[apart] |= int(Reason.OTHER_KEYS_DIFFER)
    company = cards.is_company[a]
    tiers = judge(verdicts, reasons, company, cards.full[a] | cards.full[b], rules)
    edges = pd.DataFrame(
        {"a": a, "b": b, "verdict": verdicts, "reasons": reasons, "tier": tiers, "keys": counted}
    )
    # Keys worth nothing leave pairs without evidence.
    edges = edges[edges["keys"] > 0].reset_index(drop=True)
    return Evidence(cards, rules, held, directory, owners, edges, engine, decisions)


def judge(verdicts: Ints, reasons: Ints, company: Bools, named: Bools, rules: MatchRules) -> Ints:
    """The rule of rules: what names and keys together allow.

    Args:
        verdicts: what the names say, `Verdict` numbers.
        reasons: everything found, `Reason` bits.
        company: whether the pair is of companies.
        named: whether at least one of the two has a full name.
        rules: the thresholds.

    Returns:
        `Tier` numbers.
    """

    def has(reason: Reason) -> Bools:
        found: Bools = (reasons & int(reason)) != 0
        return found

    strong = has(Reason.PERSONAL_KEY | Reason.HOUSEHOLD_KEY | Reason.SWITCHBOARD_KEY)
    same_inn = has(Reason.SAME_INN)
    agree, disagree = verdicts == Verdict.AGREE, verdicts == Verdict.DISAGREE
    blank = has(Reason.BLANK_NAME)
    enough_for_blank = has(Reason.SEVERAL_KEYS) | rules.blank_joins_sole_owner
    sole = has(Reason.SOLE_OWNER) & named & ~company & (verdicts == Verdict.PARTIAL)
    # An INN without a title: the only firm that has it. Another KPP is a doubt, or a branch.
    registered = has(Reason.SOLE_OWNER) & named & company & same_inn & blank & rules.blank_joins_sole_owner
    auto = (agree & strong) | (sole & (~blank | enough_for_blank)) | registered
    tiers: Ints = np.select(
        [
            has(VETO),
            same_inn & has(Reason.KPP_BRANCH),
            disagree & same_inn,
            # Another surname, and in common only what many have, such as an employer: no question worth asking.
            disagree | (has(Reason.SURNAME_DIFFERS) & ~strong & ~same_inn),
            has(DOUBT),
            auto,
        ],
        [
            int(Tier.NEVER),
            int(Tier.LINK),
            int(Tier.REVIEW),
            int(Tier.NEVER),
            int(Tier.REVIEW),
            int(Tier.AUTO),
        ],
        int(Tier.REVIEW),
    ).astype(np.int64)
    return tiers


def _key_rows(
    records: pd.DataFrame, keys: pd.DataFrame, cards: Cards, rules: MatchRules, decisions: Decisions
) -> pd.DataFrame:
    """The keys that may count, with the position of their card."""
    require_columns(keys, "keys", ("entity", "id", "key_type", "key_value"))
    columns = [
        "entity",
        "id",
        "key_type",
        "key_value",
        *(["extension"] if "extension" in keys.columns else []),
    ]
    usable = keys["key_value"].notna()
    if "may_key" in keys.columns:
        usable &= keys["may_key"].astype(bool)
    rows = keys.loc[usable, columns]
    if "inn" in records.columns:
        own = records.loc[records["inn"].notna() & (records["inn"] != ""), ["entity", "id", "inn"]]
        own = own.rename(columns={"inn": "key_value"}).assign(key_type="inn")
        if "kpp" in records.columns:
            own["extension"] = records["kpp"]
        rows = pd.concat([rows, own], ignore_index=True)
    rows = rows.reset_index(drop=True)
    for text in ("key_type", "key_value"):
        rows[text] = rows[text].astype("str")
    rows["extension"] = rows["extension"].astype("str").fillna("") if "extension" in rows else ""
    # A fixed line's key may carry its extension, as `phones` writes it.
    extended = rows["key_value"].str.contains(";ext=", regex=False)
    if extended.any():
        split = rows.loc[extended, "key_value"].str.split(";ext=", n=1, expand=True)
        rows.loc[extended, "key_value"], rows.loc[extended, "extension"] = split[0], split[1]
    rows["node"] = cards.positions(rows["entity"], rows["id"])
    strangers = rows[rows["node"] < 0]
    if len(strangers):
        row = strangers.iloc[0]
        raise ParameterError(
            "matching",
            "keys",
            f"{row['entity']} {row['id']}",
            f"belongs to no card ({len(strangers)} rows of keys are like this)",
            "Give records and keys of one snapshot.",
        )
    rows["entity"] = cards.entity[rows["node"]]
    # Employees' cards carry the firm's ten-digit INN: on a person only twelve digits are his own.
    person = ~cards.is_company[rows["node"]]
    dropped = (rows["key_type"] == "inn") & person & (rows["key_value"].str.len() != 12)
    dropped |= rows["key_value"] == ""
    refused = {*rules.denied_keys, *decisions.keys()}
    if refused:
        wanted = pd.DataFrame(sorted(refused), columns=["key_type", "key_value"])
        dropped |= _stand_in(rows, wanted)
    if rules.denied_domains:
        domain = rows["key_value"].str.replace(r"^.*@", "", regex=True)
        dropped |= (rows["key_type"] == "email") & domain.isin(rules.denied_domains)
    return rows[~dropped].reset_index(drop=True)


def _stand_in(rows: pd.DataFrame, wanted: pd.DataFrame) -> pd.Series[bool]:
    if not len(wanted):
        return pd.Series(False, index=rows.index, dtype=bool)
    listed = pd.MultiIndex.from_frame(wanted[["key_type", "key_value"]])
    here = pd.MultiIndex.from_frame(rows[["key_type", "key_value"]])
    return pd.Series(here.isin(listed), index=rows.index, dtype=bool)


def _unique_pairs(a: Ints, b: Ints) -> tuple[Ints, Ints, Ints]:
    packed, back = np.unique((a << 32) | b, return_inverse=True)
    return packed >> 32, packed & 0xFFFFFFFF, back.reshape(-1)


def _support(key: Ints, pair: Ints, pairs: int, directory: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """What each pair's keys are worth together, how many count, and how many of these tell people apart."""
    if not pairs:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    worth, sole = directory["worth"].to_numpy()[key], directory["sole"].to_numpy()[key]
    joining = (worth & int(Reason.PERSONAL_KEY | Reason.HOUSEHOLD_KEY)) != 0
    bits = worth | np.where(sole & joining, int(Reason.SOLE_OWNER), 0)
    type_number = pd.factorize(directory["key_type"], sort=True)[0].astype(np.int64)[key]
    types = np.where(sole & joining, np.int64(1) << np.minimum(type_number, 62), 0)
    order = np.argsort(pair, kind="stable")
    starts = np.searchsorted(pair[order], np.arange(pairs))
    support = np.bitwise_or.reduceat(bits[order], starts)
    several = np.bitwise_or.reduceat(types[order], starts)
    counted = np.add.reduceat((worth > 0).astype(np.int64)[order], starts)
    telling = np.add.reduceat(_tells(worth).astype(np.int64)[order], starts)
    support[(several & (several - 1)) != 0] |= int(Reason.SEVERAL_KEYS)
    return support, counted, telling


def telling_keys(
    held: pd.DataFrame, owners: pd.DataFrame, directory: pd.DataFrame, rules: MatchRules, cards: int
) -> Ints:
    """How many keys each card has that tell its owner from others: no switch of a company, no post's mailbox.

    Args:
        held: see `Evidence`.
        owners: likewise.
        directory: the keys of `Evidence`.
        rules: the thresholds.
        cards: how many cards there are.
    """
    mailbox = held["key_value"].str.replace(r"@.*$", "", regex=True)
    mute = held["key_type"].isin(rules.weak_key_types)
    mute |= (held["key_type"] == "email") & mailbox.isin(rules.role_mailboxes)
    own = np.bincount(held["node"][~mute], minlength=cards)
    shared = ~_tells(directory["worth"].to_numpy())
    shared &= ~np.asarray(directory["key_type"].isin(rules.weak_key_types), dtype=np.bool_)
    mailbox = directory["key_value"].str.replace(r"@.*$", "", regex=True)
    posts = (directory["key_type"] == "email") & mailbox.isin(rules.role_mailboxes)
    shared &= ~np.asarray(posts, dtype=np.bool_)
    return (own - np.bincount(owners["node"][shared[owners["key"]]], minlength=cards)).astype(np.int64)


def _tells(worth: Ints) -> Bools:
    tells: Bools = (worth != 0) & (worth != int(Reason.SHARED_KEY))
    return tells


def _registrations(
    kpps: pd.DataFrame, directory: pd.DataFrame, cards: Cards
) -> dict[int, dict[str, frozenset[str]]]:
    """INN and KPPs per card, without the INNs that stand on too many titles to identify anyone."""
    nobody = directory[(directory["key_type"] == "inn") & (directory["worth"] == 0)]
    useless = set(zip(nobody["entity"], nobody["key_value"], strict=True))
    found: dict[int, dict[str, frozenset[str]]] = {}
    entity = cards.entity
    for node, inn, kpp in zip(kpps["node"], kpps["key_value"], kpps["extension"], strict=True):
        if not useless or (entity[node], inn) not in useless:
            held = found.setdefault(int(node), {})
            held[inn] = held.get(inn, frozenset()) | ({kpp} if kpp else frozenset())
    return found


def _extensions(rows: pd.DataFrame) -> dict[int, dict[str, frozenset[str]]]:
    found: dict[int, dict[str, frozenset[str]]] = {}
    for node, line, extension in zip(rows["node"], rows["key_value"], rows["extension"], strict=True):
        held = found.setdefault(int(node), {})
        held[line] = held.get(line, frozenset()) | {extension}
    return found

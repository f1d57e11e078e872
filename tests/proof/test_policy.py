"""Trust policies: whom they name counts, as often as they say, and nobody else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import Checkpoint, cosign, sign_checkpoint
from domain.proof.errors import (
    BadSignature,
    MalformedPolicy,
    NoTrustedSignature,
    ProofError,
    QuorumMissed,
)
from domain.proof.note import Note
from domain.proof.policy import ENTRIES_MAX, POLICY_SIZE_MAX, Group, Log, Policy, parse_policy
from tests.proof.trees import ORIGIN, a_key, a_witness

LOG = a_key()
KEY = LOG.verifier.vkey
NAMES = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
WITNESSES = {name: a_witness(f"{name}.example", seed=seed) for seed, name in enumerate(NAMES, 10)}
VKEYS = {name: witness.verifier.vkey for name, witness in WITNESSES.items()}
W = VKEYS["X1"]
CHECKPOINT = Checkpoint(ORIGIN, 42, bytes(range(32)))
TWO_LEVELS = f"""# whom we trust
log {KEY} https://ledger.example/

witness X1 {VKEYS["X1"]}
witness X2 {VKEYS["X2"]}\thttps://x2.example/
witness X3 {VKEYS["X3"]}
group X-witnesses 2 X1 X2 X3

  witness Y1 {VKEYS["Y1"]}
witness Y2 {VKEYS["Y2"]}
witness Y3 {VKEYS["Y3"]}
group Y-witnesses any Y1 Y2 Y3
  # both
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def _cosigned(*names: str) -> Note:
    """The checkpoint, with the lines of these witnesses."""
    lines = [cosign(CHECKPOINT, WITNESSES[name], at=1_000) for name in names]
    return sign_checkpoint(CHECKPOINT, LOG).with_signatures(lines)


@pytest.mark.parametrize("count", range(len(NAMES) + 1))
def test_a_quorum_of_groups_is_reached_by_exactly_those_who_make_it(count: int) -> None:
    """Two of the X and one of the Y, whoever they are: all 64 sets of witnesses."""
    policy = parse_policy(TWO_LEVELS)
    for names in itertools.combinations(NAMES, count):
        enough = sum(name[0] == "X" for name in names) >= 2 and any(
            name[0] == "Y" for name in names
        )
        if enough:
            opened = policy.open(str(_cosigned(*names)))
            assert opened.checkpoint == CHECKPOINT
            assert {key.name for key in opened.witnesses} == {f"{name}.example" for name in names}
        else:
            with pytest.raises(QuorumMissed):
                policy.open(str(_cosigned(*names)))


def test_a_policy_reads_back_from_its_text() -> None:
    """The bundle carries it as a file for other people's programs."""
    policy = parse_policy(TWO_LEVELS)
    assert parse_policy(str(policy)) == policy == parse_policy(TWO_LEVELS.encode())
    assert [log.url for log in policy.logs] == ["https://ledger.example/"]


def test_a_policy_without_witnesses_trusts_the_log_alone() -> None:
    """It says so in a line of its own."""
    policy = parse_policy(f"log {KEY}\nquorum none\n")
    assert policy == Policy((Log(LOG.verifier),))
    assert policy.open(_cosigned()).checkpoint == CHECKPOINT


def test_one_witness_can_be_the_quorum() -> None:
    """The simplest case needs no group."""
    policy = parse_policy(f"log {KEY}\nwitness X1 {W}\nquorum X1\n")
    assert policy.open(_cosigned("X1")).checkpoint == CHECKPOINT
    with pytest.raises(QuorumMissed, match="nobody"):
        policy.open(_cosigned("X2"))


def test_no_number_of_witnesses_replaces_the_log() -> None:
    """And a policy that names no log trusts no checkpoint."""
    lines = _cosigned(*NAMES).signatures[1:]
    with pytest.raises(NoTrustedSignature):
        parse_policy(TWO_LEVELS).open(Note(CHECKPOINT.body, lines))
    with pytest.raises(NoTrustedSignature, match="names no log"):
        parse_policy("quorum none\n").open(_cosigned(*NAMES))


def test_a_forged_cosignature_spoils_the_note() -> None:
    """Even when the quorum is there without it."""
    other = Checkpoint(ORIGIN, 41, bytes(32))
    forged = cosign(other, WITNESSES["Y2"], at=1_000)
    with pytest.raises(BadSignature):
        parse_policy(TWO_LEVELS).open(_cosigned("X1", "X2", "Y1").with_signatures([forged]))


def test_names_are_octets_and_mean_nothing() -> None:
    """Other scripts, and bytes that are not even text, are names like any other."""
    content = f"log {KEY}\nwitness 见证 {W}\nquorum 见证\n".encode()
    assert parse_policy(content).quorum == "见证"
    raw = content.replace("见证".encode(), b"\xff\xfe")
    policy = parse_policy(raw)
    assert str(policy).encode(errors="surrogateescape") == raw
    assert parse_policy(str(policy)) == policy


NONE = "quorum none\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        f"log {KEY}\n",
        f"log {KEY}\nquorum none",
        f"{NONE}{NONE}",
        "quorum\n",
        "quorum nobody\n",
        "quorum none none\n",
        f"quorum X1\nwitness X1 {W}\n",
        f"trust {KEY}\n{NONE}",
        f"log\n{NONE}",
        f"log {KEY} url more\n{NONE}",
        f"log {KEY}x\n{NONE}",
        f"log {W}\n{NONE}",
        f"log {KEY}\nlog {KEY}\n{NONE}",
        f"log {KEY}\nlog {a_key('other.example').verifier.vkey}\n{NONE}",
        f"witness X1\n{NONE}",
        f"witness X1 {KEY}\n{NONE}",
        f"witness none {W}\n{NONE}",
        f"witness X1 {W}\nwitness X1 {VKEYS['X2']}\n{NONE}",
        f"witness X1 {W}\nwitness X2 {W}\n{NONE}",
        f"witness X1 {W} url more\n{NONE}",
        f"group G any X1\nwitness X1 {W}\n{NONE}",
        f"witness X1 {W}\ngroup G any\n{NONE}",
        f"witness X1 {W}\ngroup G 0 X1\n{NONE}",
        f"witness X1 {W}\ngroup G 2 X1\n{NONE}",
        f"witness X1 {W}\ngroup G -1 X1\n{NONE}",
        f"witness X1 {W}\ngroup G most X1\n{NONE}",
        f"witness X1 {W}\ngroup G ١ X1\n{NONE}",
        f"witness X1 {W}\ngroup G {'9' * 10_000} X1\n{NONE}",
        f"witness X1 {W}\ngroup G any X1 X1\n{NONE}",
        f"witness X1 {W}\ngroup G any X1\ngroup H any X1\n{NONE}",
        f"witness X1 {W}\ngroup X1 any X1\n{NONE}",
        f"witness X1 {W}\ngroup G any none X1\n{NONE}",
        f"group G any G\n{NONE}",
        f"log {KEY}\r\n{NONE}",
        f"# bell \x07\n{NONE}",
        f"# delete \x7f\n{NONE}",
        f"log\u00a0{KEY}\n{NONE}",
        f"{'#' * POLICY_SIZE_MAX}\n{NONE}",
        b"witness X1 \xff+00000000+AQ==\nquorum none\n",
    ],
)
def test_what_is_no_policy_is_refused(content: str | bytes) -> None:
    """Trust is not guessed at: every line is understood, or none counts."""
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(content)
    assert str(refused.value)


def test_a_policy_made_in_code_is_held_to_the_same_rules() -> None:
    """What cannot be written down and read back is not a policy."""
    log = Log(LOG.verifier)
    for logs, parts, quorum in [
        ((log, log), (), "none"),
        ((log,), (), "nobody"),
        ((log,), (Group("G", 1, ()),), "none"),
        ((Log(LOG.verifier, "two words"),), (), "none"),
        ((Log(WITNESSES["X1"].verifier),), (), "none"),
    ]:
        with pytest.raises(MalformedPolicy):
            Policy(logs, parts, quorum)


def test_a_policy_may_be_as_large_as_the_format_recommends_and_has_an_end() -> None:
    """Thirty-two of each kind at least; a hostile file costs no more than a large one."""
    keys = [a_key(f"log{seed}.example", seed=seed).verifier.vkey for seed in range(1, 33)]
    seen = [a_witness(f"w{seed}.example", seed=seed).verifier.vkey for seed in range(1, 33)]
    lines = [f"log {vkey}" for vkey in keys]
    lines += [f"witness w{number} {vkey}" for number, vkey in enumerate(seen)]
    lines += [f"group g{number} any w{number}" for number in range(32)]
    policy = parse_policy("\n".join([*lines, "quorum g0", ""]))
    assert (len(policy.logs), len(policy.witnesses), len(policy.parts)) == (32, 32, 64)
    lines += [f"group h{number} any g{number}" for number in range(32)] * 10
    with pytest.raises(MalformedPolicy):
        parse_policy("\n".join([*lines, "quorum g0", ""]))
    assert len(lines) > ENTRIES_MAX


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_crash(content: bytes) -> None:
    """Whatever stands in the file, the answer is a policy or a reason."""
    for whole in (content, f"log {KEY}\nwitness X1 {W}\n".encode() + content + b"\nquorum X1\n"):
        try:
            parse_policy(whole)
        except ProofError:
            continue

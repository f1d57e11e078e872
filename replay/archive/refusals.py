"""Why an archive is not written: reasons that need nothing but their names."""


class CannotArchive(Exception):  # noqa: N818 - a state of the world, named as one
    """This ledger can not go into this directory as it was asked; nothing of it was changed."""


class NotYetSigned(CannotArchive):
    """A place was asked for that no checkpoint covers, or that is no place of this ledger."""


class RecordDamaged(Exception):  # noqa: N818 - named for what is wrong
    """The record is not what its log says; an archive of it would vouch for what is not true."""

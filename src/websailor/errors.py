"""The errors a user can cause. Everything else that raises is a defect of ours."""


class UserError(ValueError):
    """Something the user gave is wrong; the message is one line that says what to do. The command line exits with 2."""


class ConfigChanged(UserError):
    """A run directory belongs to another configuration or to other inputs; it is never resumed silently."""


class NoSpace(UserError):
    """There is too little space on the disk; what is stored already is worth keeping."""

"""The one exception that reaches a user as a sentence."""


class UserError(Exception):
    """Something that only the user can put right: bad input, a workdir of another run, a fit that diverged.

    The message is one clear sentence naming the file or key and what to do; the launcher prints it without a
    traceback and exits with code 2.
    """

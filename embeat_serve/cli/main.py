"""Run the command line ``python -m embeat_serve "晴天 - Jay Chou"``.

Exit status: 0 a list was printed; 2 wrong usage; 3 seed not found; 4 no published release, or
its store cannot be reached.
"""

from collections.abc import Sequence

from embeat_serve.cli.arguments import build_parser
from embeat_serve.cli.commands import answer, serve
from embeat_serve.cli.output import complain, print_answer
from embeat_serve.errors import EmbeatError, SeedNotFound


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    Args:
        argv: arguments without the name of the program; those of this process if None.
    """
    try:
        arguments = build_parser().parse_args(argv)
        if arguments.http is not None:
            return serve(arguments)
        text = answer(arguments)
    except SeedNotFound as error:
        hint = f"; did you mean: {', '.join(error.suggestions)}?" if error.suggestions else ""
        complain(f"{error}{hint}")
        return error.exit_status
    except EmbeatError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return print_answer(text)

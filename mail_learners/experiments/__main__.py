"""The entry point of `mail-bench`, which also says what to install where something is missing."""

import sys

__all__ = ["main"]

EXTRA = frozenset(
    {
        *("joblib", "matplotlib", "pandas", "rich", "safetensors", "sb3_contrib"),
        *("stable_baselines3", "torch", "typer"),
    }
)
"""The modules that only the `learners` extra installs."""


def main() -> None:
    """Run the command line, or say in one line that the `learners` extra is missing.

    Raises:
        SystemExit: always; 0 if all went well, 1 if a cell failed or a package is missing, 2 for
            a request that cannot be met.
    """
    try:
        from mail_learners.experiments.command_line import application

        application()
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in EXTRA:
            raise
        sys.exit(
            f'mail-bench needs {package}, which is not installed: pip install "mail-envs[learners]"'
        )


if __name__ == "__main__":
    main()

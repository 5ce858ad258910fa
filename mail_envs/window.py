"""A window that shows pictures: the only place that imports pygame, and only once it is used.

pygame has one window per process: of several environments that are watched at once, each takes it
from the other. Nothing but its display is started, no sound and no font.
"""

import os
from types import ModuleType
from typing import Any, ClassVar

from mail_envs.drawing import Picture
from mail_envs.errors import MissingDisplayError, MissingPackageError

__all__ = ["Window", "import_pygame"]


def import_pygame() -> ModuleType:
    """The package that opens windows, imported without its greeting.

    Raises:
        MissingPackageError: it is not installed.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "hide")
    try:
        import pygame  # noqa: PLC0415 - of an extra, and slow to import
    except ModuleNotFoundError as missing:
        raise MissingPackageError(
            "window: expected pygame to open a window with, which is not installed: "
            'pip install "mail-envs[render]"'
        ) from missing
    return pygame


class Window:
    """A window as large as the picture that it shows; it opens at the first.

    Who looks on may close it: `dismissed` is then True, and no picture is shown any more until
    `close` has been called.

    Raises:
        MissingPackageError: pygame is not installed.
    """

    _shown: ClassVar["Window | None"] = None
    """The one that has pygame's window."""

    def __init__(self) -> None:
        import_pygame()
        self._clock: Any = None
        self.dismissed = False

    def show(self, picture: Picture, title: str) -> None:
        """Show a picture, `(height, width, 3)` uint8, under a title.

        Raises:
            MissingDisplayError: there is no display to open a window on.
        """
        if self.dismissed:
            return
        pygame = import_pygame()
        height, width = picture.shape[:2]
        surface = self._opened((width, height))
        pygame.surfarray.blit_array(surface, picture.swapaxes(0, 1))
        pygame.display.set_caption(title)
        pygame.display.flip()

    def watch(self, picture: Picture, title: str, fps: float) -> None:
        """As `show`, then leave the picture there for 1 / fps seconds, and see to the window.

        With `SDL_VIDEODRIVER=dummy`, where nobody sees it, it does not wait.
        """
        self.show(picture, title)
        if self.dismissed:
            return
        pygame = import_pygame()
        self._clock = self._clock or pygame.time.Clock()
        if pygame.display.get_driver() != "dummy":
            self._clock.tick(fps)
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            self.close()
            self.dismissed = True

    def close(self) -> None:
        """Close the window; harmless if none is open."""
        pygame = import_pygame()
        if Window._shown is self:
            pygame.display.quit()
            Window._shown = None
        self._clock = None
        self.dismissed: bool = False

    def _opened(self, size: tuple[int, int]) -> Any:  # noqa: ANN401 - pygame is not always there
        """The window's surface, opened or resized if need be."""
        pygame = import_pygame()
        surface = pygame.display.get_surface() if Window._shown is self else None
        if surface is not None and surface.get_size() == size:
            return surface
        try:
            pygame.display.init()
            surface = pygame.display.set_mode(size)
        except pygame.error as error:
            raise _no_display(str(error)) from error
        Window._shown = self
        if pygame.display.get_driver() == "offscreen" and "SDL_VIDEODRIVER" not in os.environ:
            self.close()  # what pygame falls back to where there is no display: nobody sees it
            raise _no_display("pygame would draw off screen")
        return surface


def _no_display(found: str) -> MissingDisplayError:
    return MissingDisplayError(
        f"window: expected a display to open a window on, came none ({found}); set DISPLAY, or "
        "SDL_VIDEODRIVER=dummy to draw unseen, or choose another render_mode"
    )

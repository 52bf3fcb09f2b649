"""The two strategies of ``resolve``: everything from nothing, or only what new files affect."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from embeat_pipeline.ingest.dump import Dump
from embeat_pipeline.ingest.incremental.affected import (
    MAX_AFFECTED_SHARE,
    check_credits,
    find_recredited,
    mark_affected,
    propagate_affected,
)
from embeat_pipeline.ingest.incremental.plan import PreviousIngest, open_previous
from embeat_pipeline.ingest.incremental.reuse import reuse_playlists, reuse_related_artists
from embeat_pipeline.ingest.playlist_writer import Playlists
from embeat_pipeline.ingest.resolve import Action, Step
from embeat_pipeline.ingest.session import IngestSession

NO_TRACKS = pl.Series("track_id", [], pl.String)


class FullBuild:
    """Resolve all staged rows and assign all codes anew."""

    previous_tracks: Path | None = None

    def open(self, session: IngestSession) -> None:
        """Create empty views ``previous_...``."""
        open_previous(session, None)

    def before(self, step: Step, session: IngestSession, folder: Path) -> Action:
        """Let the first step see all tracks."""
        if step.name == "tracks":
            parts = session.staged_parts("tracks")
            session.create_staged_view("affected_tracks", "tracks", parts)
        return Action.RUN

    def after(self, step: Step, session: IngestSession) -> None:
        """Nothing has to be checked."""

    def reuse_playlists(self, session: IngestSession, path: Path) -> Playlists | None:
        """There is nothing to reuse."""
        return None


@dataclass(frozen=True)
class Incremental:
    """Resolve the tracks that new files affect; all other rows and all codes stay.

    Attributes:
        previous: what the previous ingest left.
        dump: the files.
        max_affected_share: see ``mark_affected``.
    """

    previous: PreviousIngest
    dump: Dump
    max_affected_share: float = MAX_AFFECTED_SHARE

    @property
    def previous_tracks(self) -> Path | None:
        """The previous table of tracks."""
        return self.previous.table("tracks")

    def open(self, session: IngestSession) -> None:
        """Create the views ``previous_...`` of what the previous ingest left."""
        open_previous(session, self.previous)

    def before(self, step: Step, session: IngestSession, folder: Path) -> Action:
        """Mark the affected tracks; skip related artists if their table can be reused."""
        if step.name == "tracks":
            self._mark_affected(session, NO_TRACKS)
        if step.name == "related artists" and reuse_related_artists(
            session, self.previous, self.dump, folder / "related_artists.parquet"
        ):
            return Action.SKIP
        return Action.RUN

    def after(self, step: Step, session: IngestSession) -> None:
        """Extend what is affected by what the step found out.

        Raises:
            FullRebuildRequired: codes of the previous ingest cannot stay as they are.
        """
        if step.name == "tracks":
            check_credits(session, self.dump.new)
        if step.name == "genres":
            recredited = find_recredited(session)
            if len(recredited):
                self._mark_affected(session, recredited)
                session.run("tracks")
        if step.name == "credits, albums and songs":
            propagate_affected(session)

    def _mark_affected(self, session: IngestSession, recredited: pl.Series) -> None:
        mark_affected(session, self.dump, recredited, max_share=self.max_affected_share)

    def reuse_playlists(self, session: IngestSession, path: Path) -> Playlists | None:
        """Take the previous table over if nothing new concerns it."""
        return reuse_playlists(session, self.previous, self.dump, path)

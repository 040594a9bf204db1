/**
 * Cameras and footage of the whole site, asked at one box: `/site/cameras`, `/site/timeline`, `/site/cameras/{id}/…`.
 * A host answers for its members; any other box for itself and what it covers. One camera is here once, at the server that owns it.
 */
import { z } from 'zod';
import { camera } from './cameras.ts';
import { isoTime } from './common.ts';
import { ledger, ledgerSpan, playlistEpoch, timelineDay } from './footage.ts';

export const siteServerRef = z.object({ id: z.string(), name: z.string() });
export type SiteServerRef = z.infer<typeof siteServerRef>;

/** `GET /site/cameras?limit&cursor`, `GET /site/cameras/{id}`. State and streams are those at the server that records it now. */
export const siteCamera = camera.omit({ coveredFor: true }).extend({
  /** Who owns it. */
  server: siteServerRef,
  serverConnected: z.boolean(),
  /** Since when it is not connected. */
  serverAwaySince: isoTime.optional(),
  /** A failover server that records it now. */
  coveredBy: siteServerRef.optional(),
  /** Nobody could be asked now: state and streams are what was last told, at this time. */
  asOf: isoTime.optional(),
});
export type SiteCamera = z.infer<typeof siteCamera>;

/**
 * `GET /site/timeline?day&cameras&stream`: as `/timeline`, of whoever recorded. At each millisecond at most one of `recorded`,
 * `missing` and `away` speaks; where none does nothing was expected.
 */
export const siteTimelineDay = timelineDay.extend({
  /** [start, end, state]: 0 recorded by the owner, 1 lies on a failover server (not home yet), 2 returned. */
  cameras: z.array(
    timelineDay.shape.cameras.element.extend({
      /** Who owns it; absent when the site does not know the camera any more. */
      serverId: z.string().optional(),
      /** [start, end, index into `servers`]: nobody knows now, for this server is away. */
      away: z.array(z.tuple([z.number(), z.number(), z.number()])),
    }),
  ),
  /** Those that `away` names. */
  servers: z.array(siteServerRef),
});
export type SiteTimelineDay = z.infer<typeof siteTimelineDay>;

/**
 * `GET /site/cameras/{id}/playlists?start&end&stream`: in time order over servers; `start` and `end` do not overlap. `url` is ready to
 * use at this box. A playlist begins at the key frame at or before `start`, and may hold the rest of a group of pictures behind `end`:
 * who plays goes from `start` to `end`.
 */
export const sitePlaylistEpoch = playlistEpoch.extend({ serverId: z.string() });
export type SitePlaylistEpoch = z.infer<typeof sitePlaylistEpoch>;
export const sitePlaylists = z.object({
  items: z.array(sitePlaylistEpoch),
  /** Parts of which nobody knows now, with the server that is away. */
  away: z.array(z.object({ start: isoTime, end: isoTime, server: siteServerRef })),
});
export type SitePlaylists = z.infer<typeof sitePlaylists>;

/** `GET /site/cameras/{id}/ledger?start&end&stream`: as `/cameras/{id}/ledger`; `away`: the server that would know is away (`detail`). */
export const siteLedgerSpan = ledgerSpan.extend({
  state: z.enum([...ledgerSpan.shape.state.options, 'away']),
  /** Of `recorded`: it lies on a failover server and has not gone home yet. */
  covered: z.boolean().optional(),
});
export type SiteLedgerSpan = z.infer<typeof siteLedgerSpan>;
export const siteLedger = z.object({
  spans: z.array(siteLedgerSpan),
  /** Seconds; `covered` is a part of `recorded`. */
  totals: ledger.shape.totals.extend({ covered: z.number(), away: z.number() }),
});
export type SiteLedger = z.infer<typeof siteLedger>;

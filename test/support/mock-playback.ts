/** Footage of the site in the mock API: a takeover of the member's cameras, parts that nobody knows, playlists over servers. */
import type { ExportJob } from '../../src/api/contract/footage.ts';
import type { SitePlaylists, SiteServerRef, SiteTimelineDay } from '../../src/api/contract/site-footage.ts';
import { MISSING_CAUSES } from '../../src/ledger/causes.ts';
import { iso, mockTimeline } from './mock-data.ts';
import type { MockState, RoomRoute } from './mock-routes.ts';
import { AWAY_MS, MEMBER, ownerOf, SPARE } from './mock-site.ts';

const DAY_MS = 86_400_000;
type Span = { readonly start: number; readonly end: number };
export type MockPlayback = {
  /** When the failover server recorded the member's cameras: what it has not returned. */
  readonly takeover: Span;
  /** Milliseconds between the owner's last picture and the failover server's first. */
  readonly gap: number;
  /** Of servers other than the one asked. */
  readonly exports: Map<string, ExportJob[]>;
};
export const mockPlayback = (began: number): MockPlayback => ({
  takeover: { start: began - 20 * 60_000, end: began - 8 * 60_000 },
  gap: 1200,
  exports: new Map(),
});

type Part = Span & { readonly server: SiteServerRef };
/** Who has what of a camera, in time order; parts of a server that is away are told apart. */
function partsOf({ site, playback, began }: MockState, cameraId: string, { start, end }: Span): readonly Part[] {
  const owner = ownerOf(site, cameraId);
  const { takeover, gap } = playback;
  const all: readonly Part[] =
    owner.id === MEMBER.id
      ? [
          { start, end: takeover.start, server: owner },
          { start: takeover.start + gap, end: takeover.end, server: SPARE },
          { start: takeover.end, end: site.away.has(owner.id) ? began - AWAY_MS : end, server: owner },
        ]
      : [{ start, end, server: owner }];
  return all
    .map((part) => ({ ...part, start: Math.max(start, part.start), end: Math.min(end, part.end) }))
    .filter((part) => part.end > part.start);
}

const urlOf = (server: SiteServerRef, cameraId: string, { start, end }: Span): string => {
  const below = server.id === 'srv-1' ? '' : `/servers/${server.id}/api`;
  return `/api/v1${below}/cameras/${cameraId}/e.m3u8?start=${iso(start)}&end=${iso(end)}`;
};

/** H.265 as a camera records its main stream; its sub-stream is H.264. */
const HEVC = { cameraId: 'cam-8', codec: 'hvc1.1.6.L120.90' };

function playlists(state: MockState, cameraId: string, range: Span, stream: string | null): SitePlaylists {
  const parts = partsOf(state, cameraId, range);
  const isAway = ({ server }: Part): boolean => state.site.away.has(server.id);
  const times = ({ start, end }: Span): { start: string; end: string } => ({ start: iso(start), end: iso(end) });
  return {
    items: parts
      .filter((part) => !isAway(part))
      .map((part) => ({
        ...times(part),
        layoutEpoch: '1',
        codec: cameraId === HEVC.cameraId && stream !== 'sub' ? HEVC.codec : 'avc1.640028',
        url: urlOf(part.server, cameraId, part),
        serverId: part.server.id,
      })),
    away: parts.filter(isAway).map((part) => ({ ...times(part), server: part.server })),
  };
}

type CameraDay = SiteTimelineDay['cameras'][number];
function cameraDay(state: MockState, of: Omit<CameraDay, 'away'>, dayStart: number): CameraDay {
  const { site, playback } = state;
  const owner = ownerOf(site, of.cameraId);
  if (owner.id !== MEMBER.id) return { ...of, serverId: owner.id, away: [] };
  const start = playback.takeover.start - dayStart;
  const seam = start + playback.gap;
  const end = playback.takeover.end - dayStart;
  const until = Math.min(DAY_MS, Date.now() - dayStart);
  const outside = (all: CameraDay['recorded'], from: number, to: number): CameraDay['recorded'] =>
    all
      .flatMap(([a, b, c]): CameraDay['recorded'] => [
        [a, Math.min(b, from), c],
        [Math.max(a, to), b, c],
      ])
      .filter(([a, b]) => b > a);
  const within = ([a, b, c]: [number, number, number]): [number, number, number] => [
    Math.max(0, a),
    Math.min(until, b),
    c,
  ];
  const shown = (all: CameraDay['recorded']): CameraDay['recorded'] => all.map(within).filter(([a, b]) => b > a);
  const isAway = site.away.has(owner.id);
  const awayFrom = Math.max(0, state.began - AWAY_MS - dayStart);
  const recorded = outside(of.recorded, start, end);
  const missing = outside(of.missing, start, end);
  return {
    cameraId: of.cameraId,
    serverId: owner.id,
    recorded: isAway ? shown([[start + playback.gap, end, 1]]) : [...recorded, ...shown([[seam, end, 1]])],
    missing: [...(isAway ? [] : missing), ...shown([[start, seam, MISSING_CAUSES.indexOf('service-down')]])],
    away: isAway ? outside(shown([[0, Math.max(awayFrom, until), 0]]), start, end) : [],
  };
}

export const playbackMocks = (state: MockState): readonly RoomRoute[] => [
  {
    method: 'GET',
    path: /^\/site\/timeline$/,
    answer: ({ query }) => {
      const day = query.get('day') ?? '';
      const answer = mockTimeline(day, (query.get('cameras') ?? '').split(','), Date.now());
      const cameras = answer.cameras.map((camera) => cameraDay(state, camera, Date.parse(answer.dayStart)));
      const body: SiteTimelineDay = { ...answer, cameras, servers: [MEMBER] };
      return { body, etag: `"${day} ${[...state.site.away].join()}"` };
    },
  },
  {
    method: 'GET',
    path: /^\/site\/cameras\/([^/]+)\/playlists$/,
    answer: ({ query }, [id = '']) => {
      const range = { start: Date.parse(query.get('start') ?? ''), end: Date.parse(query.get('end') ?? '') };
      return { body: playlists(state, id, range, query.get('stream')) };
    },
  },
];

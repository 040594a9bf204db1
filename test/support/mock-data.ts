/** Data in the shapes of the contract for the mock API: cameras in every state, gaps with causes, a log. The same for every run. */
import type { z } from 'zod';
import type { Camera } from '../../src/api/contract/cameras.ts';
import type { LogEntry } from '../../src/api/contract/events.ts';
import type { ExportJob, TimelineDay } from '../../src/api/contract/footage.ts';
import type { Server, Volume, volumeSuggestion } from '../../src/api/contract/server.ts';
import { MISSING_CAUSES } from '../../src/ledger/causes.ts';

const NAMES = [
  'Front door',
  'Driveway',
  'Garden',
  'Warehouse east',
  'Warehouse west',
  'Loading dock',
  'Reception',
  'Server room',
  'Stairwell',
  'Car park',
  'Gate north',
  'Gate south',
  'Workshop',
  'Canteen',
  'Roof',
  'Corridor',
];
export const FINGERPRINT = '3f9a1c77d05be28846f1a90b7ce2d3518894ab06ff10c2d7e46b5a9913d80c7e';
const DAY_MS = 86_400_000;
export const iso = (ms: number): string => new Date(ms).toISOString();

export function mockCameras(count: number, now: number): Camera[] {
  return Array.from({ length: count }, (_, index) => mockCamera(index, now));
}

type Doing = Pick<Camera, 'enabled' | 'state'> & {
  readonly main: Partial<Camera['streams'][number]> & Pick<Camera['streams'][number], 'state'>;
  readonly silentMs: number;
};
const RECORDING: Doing = {
  enabled: true,
  state: 'recording',
  main: { state: 'recording', framesPerSecond: 25 },
  silentMs: 400,
};
const DOING: Readonly<Record<number, Doing>> = {
  5: {
    enabled: true,
    state: 'failed',
    main: {
      state: 'failed',
      cause: 'camera-unreachable',
      message: 'No answer from 192.168.1.25 port 554 within 5 s. Check its power and the cable.',
      reconnects: 17,
      bitsPerSecond: 0,
    },
    silentMs: 4_380_000,
  },
  9: { enabled: true, state: 'connecting', main: { state: 'connecting' }, silentMs: 400 },
  14: { enabled: false, state: 'disabled', main: { state: 'idle', bitsPerSecond: 0 }, silentMs: 86_400_000 },
};

export function mockCamera(index: number, now: number): Camera {
  const { enabled, state, main, silentMs } = DOING[index] ?? RECORDING;
  const lastFrameAt = iso(now - silentMs);
  const [width, height, rate] = index % 3 === 0 ? [3840, 2160, 8.2e6] : [1920, 1080, 3.9e6];
  const round = Math.floor(index / NAMES.length);
  return {
    id: `cam-${index + 1}`,
    name: `${NAMES[index % NAMES.length] ?? 'Camera'}${round === 0 ? '' : ` ${round + 1}`}`,
    main: { url: `rtsp://192.168.1.${20 + index}:554/stream1`, transport: 'auto' },
    sub: { url: `rtsp://192.168.1.${20 + index}:554/stream2`, transport: 'auto' },
    username: 'admin',
    hasPassword: true,
    enabled,
    record: true,
    recordSub: false,
    audio: true,
    priority: index < 3 ? 'high' : 'medium',
    standbyLevel: index < 3 ? 'hot' : 'warm',
    retention: { maxDays: 14 },
    state,
    lastFrameAt,
    streams: [
      {
        stream: 'main',
        codec: index === 7 ? 'hvc1.1.6.L120.90' : 'avc1.640028',
        audioCodec: 'mp4a.40.2',
        width,
        height,
        bitsPerSecond: rate * (1 + 0.06 * Math.sin(now / 3000 + index)),
        lastFrameAt,
        ...main,
      },
    ],
    footageBytes: 118_000_000_000 + index * 3_100_000_000,
    oldestFootageAt: iso(now - 11 * DAY_MS),
  };
}

/**
 * A day: recorded but for some gaps of each camera, one of a single second; camera 3 was covered for an hour; nothing after `now`.
 * The last hour has no gaps: what tests play there is the same at every time of the day.
 */
export function mockTimeline(day: string, ids: readonly string[], now: number): TimelineDay {
  const dayStart = Date.parse(`${day}T00:00:00.000Z`);
  const until = Math.min(DAY_MS, now - dayStart);
  const causes = [...MISSING_CAUSES];
  return {
    dayStart: iso(dayStart),
    causes,
    cameras: until <= 0 ? [] : ids.map((cameraId) => ({ cameraId, ...mockRuns(cameraId, until) })),
  };
}

type Triple = [number, number, number];
function mockRuns(cameraId: string, until: number): { recorded: Triple[]; missing: Triple[] } {
  const index = Number(cameraId.replace(/\D/g, '')) - 1;
  const cause = (name: (typeof MISSING_CAUSES)[number]): number => MISSING_CAUSES.indexOf(name);
  const hour = 3_600_000;
  const wanted: Triple[] = [
    [(2.5 + index * 0.6) * hour, (2.5 + index * 0.6) * hour + 1000, cause('network-loss')],
    [(9 + (index % 5)) * hour, (9 + (index % 5)) * hour + 140_000 + index * 9000, cause('camera-stalled')],
    [13 * hour, 13 * hour + 95_000, cause('service-down')],
    [(17 + (index % 3)) * hour, (17 + (index % 3)) * hour + 11_000, cause('no-key-frame')],
    ...(index === 5
      ? [
          [18.2 * hour, 19.41 * hour, cause('camera-unreachable')] as Triple,
          [21.2 * hour, 24 * hour, cause('camera-unreachable')] as Triple,
        ]
      : []),
  ];
  const missing: Triple[] = [];
  for (const [start, end, why] of wanted.sort((a, b) => a[0] - b[0])) {
    const isOver = until === DAY_MS || end < until - hour;
    if (isOver && start >= (missing.at(-1)?.[1] ?? 0)) missing.push([start, end, why]);
  }
  const recorded: Triple[] = [];
  let at = 0;
  for (const [start, end] of [...missing, [until, until] as const]) {
    if (start > at) recorded.push(...covered(index, at, start));
    at = end;
  }
  return { recorded, missing };
}

function covered(index: number, start: number, end: number): Triple[] {
  const [from, to] = [10.4 * 3_600_000, 11.6 * 3_600_000];
  if (index % 4 !== 2 || end <= from || start >= to) return [[start, end, 0]];
  const parts: Triple[] = [
    [start, Math.max(start, from), 0],
    [Math.max(start, from), Math.min(end, to), index === 2 ? 1 : 2],
    [Math.min(end, to), end, 0],
  ];
  return parts.filter(([a, b]) => b > a);
}

export function mockServer(name: string, now: number, started: number): Server {
  return {
    id: 'srv-1',
    name,
    mode: 'recording',
    version: '0.1.0',
    managed: 'allowed',
    platform: { os: 'Debian 12', arch: 'x64', node: '24.21.0', model: 'DS1522+' },
    addresses: ['192.168.1.10'],
    httpPort: 51443,
    peerPort: 51410,
    fingerprint: FINGERPRINT,
    startedAt: iso(started),
    now: iso(now),
    health: {
      status: 'warning',
      items: [
        {
          code: 'camera-unreachable',
          severity: 'warning',
          message: 'No answer from 192.168.1.25 port 554 within 5 s. Check its power and the cable.',
          since: iso(now - 4_380_000),
          cameraId: 'cam-6',
        },
        {
          code: 'retention-short',
          severity: 'info',
          message: '14 days are wanted, 11.2 will fit at the rate of today. Add a volume or shorten the retention.',
          since: iso(now - 2 * DAY_MS),
          volumeId: 'vol-1',
        },
      ],
    },
    site: { kind: 'undefined', locked: false },
    processes: {
      media: { running: true, startedAt: iso(started), restarts: 0, loopDelayP99Ms: 1.4 },
      memoryBytes: 214_000_000,
    },
  };
}

export const mockVolumes = (now: number): Volume[] => [
  {
    id: 'vol-1',
    path: '/volume1/understudy',
    state: 'usable',
    totalBytes: 3.9e12,
    freeBytes: 0.62e12,
    reserveBytes: 2e11,
    footageBytes: 3.1e12,
    directIo: true,
    oldestFootageAt: iso(now - 11 * DAY_MS),
    forecast: { daysFit: 11.2, daysWanted: 14, bytesPerDay: 2.8e11 },
  },
  {
    id: 'vol-2',
    path: '/volume2/understudy',
    state: 'usable',
    totalBytes: 7.9e12,
    freeBytes: 5.1e12,
    reserveBytes: 4e11,
    footageBytes: 2.4e12,
    directIo: true,
    oldestFootageAt: iso(now - 9 * DAY_MS),
    forecast: { daysFit: 26.5, daysWanted: 14, bytesPerDay: 2.7e11 },
  },
];
export const mockSuggestions: z.infer<typeof volumeSuggestion>[] = [
  { path: '/volume1', fileSystem: 'btrfs', totalBytes: 3.9e12, freeBytes: 3.7e12 },
  { path: '/volume2', fileSystem: 'ext4', totalBytes: 7.9e12, freeBytes: 7.8e12 },
];

export function mockLog(now: number): LogEntry[] {
  const kinds: readonly [LogEntry['severity'], string, string, number?][] = [
    ['info', 'signed-in', 'anna signed in from 192.168.1.44'],
    ['warning', 'gap', 'Loading dock: 12 s missing, camera unreachable', 6],
    ['error', 'camera-failed', 'Loading dock: no answer from 192.168.1.25 port 554 within 5 s', 6],
    ['info', 'camera-recording', 'Gate north records again after 3 s', 11],
    ['warning', 'gap', 'Garden: 1 s missing, packets lost on the way', 3],
    ['info', 'export-done', 'Export of Front door is ready, 184 MB', 1],
  ];
  return Array.from({ length: 420 }, (_, index) => {
    const [severity, code, message, camera = 1] = kinds[index % kinds.length] ?? ['info', 'started', 'Started'];
    return {
      id: `log-${420 - index}`,
      at: iso(now - index * 437_000),
      severity,
      code,
      message,
      ...(code === 'signed-in' ? { user: 'anna' } : { cameraId: `cam-${camera}` }),
    };
  });
}

export function mockExport(
  id: string,
  cameraId: string,
  { start, end, now }: { start: string; end: string; now: number },
): ExportJob {
  const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
  const url = `/api/v1/exports/${id}/video`;
  return {
    id,
    cameraId,
    stream: 'main',
    start,
    end,
    cutStart: start,
    cutEnd: end,
    state: 'done',
    progress: 1,
    bytes: 184_220_000,
    sha256,
    createdAt: iso(now),
    missingSeconds: 1,
    files: [
      { name: `${cameraId}.mp4`, bytes: 184_220_000, sha256, url, manifestUrl: `/api/v1/exports/${id}/manifest` },
    ],
  };
}

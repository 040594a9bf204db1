/** A cover service with everything around it made up: settings, catalogue, volumes and clock. */
import type { SegmentRow } from '../../src/archive/catalogue-types.ts';
import { silentLog } from '../../src/core/log.ts';
import { createCover } from '../../src/cover/cover.ts';
import type { CoverBox, CoverService } from '../../src/cover/cover-service.ts';
import { NO_COVERS } from '../../src/cover/cover-types.ts';
import type { CoverRemark, CoversFile, FirstFrame, ProtectedSettings } from '../../src/cover/cover-types.ts';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import type { MissingCause } from '../../src/ledger/causes.ts';
import type { CameraSettings } from '../../src/site/camera.ts';
import type { FragmentReport, MediaEvent, StreamName, StreamOrder } from '../../src/wire/media-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';

export const F = 'ffffffff-0000-4000-8000-000000000001';
export const R1 = '11111111-0000-4000-8000-000000000001';
export const R2 = '22222222-0000-4000-8000-000000000002';

export const cameraOf = (id: string, more: Partial<CameraSettings> = {}): CameraSettings => ({
  ...cameraSettingsSchema.parse({ id, name: id, main: { url: `rtsp://10.0.0.1/${id}` } }),
  ...more,
});

/** Over all rigs of a test: a restart goes on. */
let sequence = 0;

export type Rig = {
  readonly clock: FakeClock;
  readonly cover: CoverService;
  readonly settings: Map<string, ProtectedSettings>;
  readonly box: { -readonly [K in keyof CoverBox]: CoverBox[K] };
  readonly rows: SegmentRow[];
  readonly removed: string[];
  readonly remarks: CoverRemark[];
  readonly frames: FirstFrame[];
  readonly file: () => CoversFile;
  readonly changes: () => number;
  readonly orderOf: (cameraId: string, stream?: StreamName) => StreamOrder | undefined;
  /** A closed (or open) segment of this server's. */
  readonly record: (cameraId: string, start: number, end: number, more?: Partial<SegmentRow>) => void;
};
export type RigOptions = {
  readonly file?: CoversFile;
  readonly indexLost?: boolean;
  readonly settings?: ReadonlyMap<string, ProtectedSettings>;
  readonly clock?: FakeClock;
  readonly lastOrders?: readonly StreamOrder[];
  readonly removing?: () => Promise<void>;
  readonly waitsFor?: (stream: { readonly cameraId: string }) => string | undefined;
  readonly lostFor?: (stream: { readonly cameraId: string }, from: number) => MissingCause | undefined;
};

export function createRig(options: RigOptions = {}): Rig {
  const clock = options.clock ?? createFakeClock();
  const settings = new Map(options.settings);
  const rows: SegmentRow[] = [];
  const removed: string[] = [];
  const remarks: CoverRemark[] = [];
  const frames: FirstFrame[] = [];
  let saved = options.file ?? NO_COVERS;
  let changes = 0;
  const box: Rig['box'] = {
    serverId: F,
    volumeIds: ['vol-1', 'vol-2'],
    maxChannels: 128,
    ownCameraIds: new Set(),
    hotSeconds: 30,
  };
  const cover = createCover({
    clock,
    log: silentLog,
    box: () => box,
    settingsOf: (serverId) => settings.get(serverId),
    lastOrders: options.lastOrders ?? [],
    ...(options.waitsFor !== undefined && { waitsFor: options.waitsFor }),
    ...(options.lostFor !== undefined && { lostFor: options.lostFor }),
    file: {
      get: () => saved,
      update: async (change) => {
        await Promise.resolve();
        saved = change(saved);
        return saved;
      },
    },
    indexLost: options.indexLost ?? false,
    catalogue: {
      segments: {
        totals: () =>
          [
            ...Map.groupBy(rows, ({ cameraId, stream, volumeId }) => `${cameraId}/${stream}/${volumeId}`).values(),
          ].flatMap(([first, ...more]) =>
            first === undefined
              ? []
              : [
                  {
                    cameraId: first.cameraId,
                    stream: first.stream,
                    volumeId: first.volumeId,
                    segments: 1 + more.length,
                    bytes: 1,
                  },
                ],
          ),
        oldest: (key, volumeId, limit) =>
          rows
            .filter(
              (row) =>
                row.cameraId === key.cameraId && row.stream === key.stream && row.volumeId === volumeId && !row.open,
            )
            .sort((a, b) => a.firstSequence - b.firstSequence)
            .slice(0, limit),
      },
    },
    removeSegment: async (volumeId, path) => {
      await (options.removing?.() ?? Promise.resolve());
      const at = rows.findIndex((row) => row.volumeId === volumeId && row.path === path);
      if (at < 0) throw new Error(`no row ${path}`);
      if (rows[at]?.open === true) throw new Error(`${path} is open`);
      rows.splice(at, 1);
      removed.push(path);
    },
    changed: () => (changes += 1),
    remark: (remark) => remarks.push(remark),
    firstFrame: (frame) => frames.push(frame),
  });
  return {
    clock,
    cover,
    settings,
    box,
    rows,
    removed,
    remarks,
    frames,
    file: () => saved,
    changes: () => changes,
    orderOf: (cameraId, stream = 'main') =>
      cover.orders().find((order) => order.cameraId === cameraId && order.stream === stream),
    record: (cameraId, start, end, more = {}) => {
      sequence += 1;
      rows.push({ ...ROW, cameraId, path: `${cameraId}/${sequence}`, start, end, firstSequence: sequence, ...more });
    },
  };
}

const ROW: SegmentRow = {
  cameraId: '',
  stream: 'main',
  volumeId: 'vol-1',
  path: '',
  serverId: F,
  epoch: 1,
  start: 0,
  end: 0,
  bytes: 1,
  initLength: 1,
  layoutHash: '',
  video: { codec: 'h264', codecString: '', width: 0, height: 0 },
  audio: undefined,
  open: false,
  firstSequence: 0,
  lastSequence: 0,
};

export const fragmentOf = (cameraId: string, start: number, more: Partial<FragmentReport> = {}): FragmentReport => ({
  cameraId,
  stream: 'main',
  volumeId: 'vol-1',
  segment: `${cameraId}/1`,
  offset: 0,
  length: 1,
  sequence: 1,
  start,
  end: start + 500,
  key: true,
  continuous: true,
  accessUnits: 12,
  audioFrames: 0,
  ...more,
});
export const written = (...fragments: readonly FragmentReport[]): MediaEvent => ({
  kind: 'fragments-written',
  at: 0,
  fragments,
});
export const stateOf = (
  cameraId: string,
  state: Extract<MediaEvent, { readonly kind: 'stream-state' }>['state'],
): MediaEvent => ({ kind: 'stream-state', cameraId, stream: 'main', at: 0, state });

/** What of the catalogue is shown: at a failover server the ring of a camera is nobody's footage. */
import test from 'ava';
import type { Segment, Span, StreamKey } from '../../src/archive/catalogue-types.ts';
import { createFootage } from '../../src/control/footage.ts';
import { epochMs } from '../../src/core/units.ts';

const KEY: StreamKey = { cameraId: 'cam-1', stream: 'main' };
const segment = (start: number, end: number): Segment => ({
  ...KEY,
  start,
  end,
  volumeId: 'vol-1',
  path: `${start}.mp4`,
  serverId: 'F',
  epoch: 1,
  bytes: 1,
  initLength: 1,
  layoutHash: 'a',
  video: { codec: 'h264', codecString: 'avc1', width: 1, height: 1 },
  audio: undefined,
  open: false,
  firstSequence: 1,
  lastSequence: 1,
  keys: [],
  spans: [{ start, end }],
});
const ALL = [segment(0, 10_000), segment(10_000, 20_000), segment(20_000, 30_000)];

function shown(covered: readonly Span[] | undefined): readonly string[] {
  const { segmentsOf, accountOf } = createFootage({
    catalogue: {
      segments: {
        find: (_key: StreamKey, { start, end }: Span) => ALL.filter((one) => one.start < end && one.end > start),
      },
      gaps: { find: () => [] },
      expectations: { find: () => [] },
      services: { find: () => [] },
      removed: { find: () => [] },
    } as never,
    clock: { now: () => epochMs(60_000) },
    coveredAt: (cameraId, stream) => (cameraId === 'cam-1' && stream === 'main' ? covered : undefined),
    mediaIsUp: () => true,
  });
  const range = { start: 0, end: 30_000 };
  const recorded = accountOf(KEY, range).filter(({ state }) => state === 'recorded');
  return [...segmentsOf(KEY, range).map(({ path }) => path), ...recorded.map(({ start, end }) => `${start}-${end}`)];
}

test('of a camera of this server everything is shown', (t) => {
  t.deepEqual(shown(undefined), ['0.mp4', '10000.mp4', '20000.mp4', '0-30000']);
});

test('of one that is kept ready nothing, of one that was covered the time of its cover', (t) => {
  t.deepEqual(shown([]), []);
  t.deepEqual(shown([{ start: 12_000, end: 15_000 }]), ['10000.mp4', '10000-20000']);
  t.deepEqual(shown([{ start: 12_000, end: Infinity }]), ['10000.mp4', '20000.mp4', '10000-30000']);
});

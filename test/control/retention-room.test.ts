/** What retention is told of the volumes it may work on. */
import { statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { encodeMarker, MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { createRetentionRoom } from '../../src/control/retention-room.ts';
import type { RetentionRoomDeps } from '../../src/control/retention-room.ts';
import { bytesPerDayOf } from '../../src/control/volumes.ts';
import { patientClock } from '../support/patient-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const HOUR = 3_600_000;
const noSegments = { totals: () => [], openOnes: () => [], oldest: () => [], bytesStarted: () => 0 };
const settingsOf = (volumes: readonly { id: string; path: string }[]): RetentionRoomDeps['settings'] =>
  ({ volumes: { get: () => ({ volumes: volumes.map((one) => ({ ...one, reserveBytes: 7 })) }) } }) as never;

test('space is measured anew, whatever was told last; what is not ours, not there or not usable is left out', async (t) => {
  const path = await tempDir(t, 'room');
  await writeFile(join(path, MARKER_FILE), encodeMarker({ id: 'vol-a', created: 'x', serverId: undefined }));
  const foreign = await tempDir(t, 'room');
  await writeFile(join(foreign, MARKER_FILE), encodeMarker({ id: 'vol-x', created: 'x', serverId: undefined }));
  const stale = { kind: 'usable', freeBytes: 0, totalBytes: 1, directIo: false } as const;
  const broken = { kind: 'unusable', cause: 'volume-error', message: '', freeBytes: 0, totalBytes: 0 } as const;
  const room = createRetentionRoom({
    settings: settingsOf([
      { id: 'vol-a', path },
      { id: 'vol-b', path: foreign },
      { id: 'vol-c', path: join(path, 'nowhere') },
      { id: 'vol-d', path },
      { id: 'vol-e', path },
    ]),
    catalogue: { segments: noSegments } as never,
    state: {
      volumeOf: (id) => (id === 'vol-d' ? undefined : { state: id === 'vol-e' ? broken : stale, since: 0 }),
    },
    clock: patientClock,
  });
  const found = await room();
  const { blocks, bsize } = await statfs(path);
  t.deepEqual(
    found.map(({ id, reserveBytes }) => [id, reserveBytes]),
    [['vol-a', 7]],
  );
  t.true((found[0]?.freeBytes ?? 0) > 1_000_000);
  t.true((found[0]?.headroomBytes ?? Infinity) <= (blocks * bsize) / 10);
});

test('the rate is of the time there has been footage, at most a day, and not told before a minute', (t) => {
  const catalogue = { segments: { ...noSegments, bytesStarted: () => 1000 } } as never;
  const rate = (since: number): number | undefined => bytesPerDayOf(catalogue, { id: 'v', since, now: 100 * HOUR });
  t.is(rate(99 * HOUR), 24_000);
  t.is(rate(0), 1000);
  t.is(rate(100 * HOUR - 59_000), undefined);
  t.is(rate(Infinity), undefined);
});

import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MAX_UNREADABLE_BYTES, openByteSource } from '../../src/archive/byte-source.ts';
import type { DiskReader } from '../../src/archive/disk-reader.ts';
import { createGroupReader } from '../../src/archive/footage-groups.ts';
import { createGroupProver } from '../../src/archive/prove-groups.ts';
import type { GroupProver } from '../../src/archive/prove-groups.ts';
import { storeScanned } from '../../src/archive/rebuild.ts';
import { systemClock } from '../../src/core/clock.ts';
import { monotonicMs } from '../../src/core/units.ts';
import type { FootageGroup } from '../../src/wire/footage-protocol.ts';
import { ALL, KEY, makeBox, R_ID } from '../support/two-servers.ts';
import type { Box } from '../support/two-servers.ts';

type Bench = {
  readonly box: Box;
  readonly prover: GroupProver;
  readonly groups: readonly FootageGroup[];
  /** Fragments that were read, and files that were found damaged. */
  readonly read: () => number;
  readonly damaged: readonly string[];
  /** How long each fragment takes from now on. */
  slow: (milliseconds: number) => void;
};

/** Eight groups of two fragments each. */
async function bench(t: ExecutionContext, disk?: DiskReader): Promise<Bench> {
  const box = await makeBox(t, R_ID);
  await box.record({ sessions: [[0, 200]] });
  await box.reconcile();
  let [read, now, step] = [0, 1000, 1];
  const damaged: string[] = [];
  const { segments } = box.catalogue;
  const fileOf = ({ path }: { readonly path: string }): string => join(box.root, path);
  const prover = createGroupProver({
    segments,
    fileOf,
    ...(disk && { disk }),
    clock: { now: systemClock.now, monotonic: () => monotonicMs(now) },
    pause: async () => {
      read += 1;
      now += step;
      await Promise.resolve();
    },
    onDamage: async (file) => {
      damaged.push(file);
      await Promise.resolve();
    },
  });
  const { groups } = await createGroupReader({ segments, fileOf, now: systemClock.now }).read(KEY, ALL);
  return { box, prover, groups, read: () => read, damaged, slow: (milliseconds) => (step = milliseconds) };
}

const pathIn = ({ catalogue }: Box): string => catalogue.segments.find(KEY, ALL)[0]?.path ?? '';

test('each payload is read once, and believed for ten minutes as long as the file is the same', async (t) => {
  const { box, prover, groups, read, slow } = await bench(t);
  t.is(groups.length, 8);
  t.deepEqual(
    await prover.prove(KEY, groups),
    groups.map(() => 'whole'),
  );
  t.is(read(), 16);
  await prover.prove(KEY, groups);
  t.is(read(), 16);
  const file = await open(join(box.root, pathIn(box)), 'r+');
  await file.utimes(5, 5);
  await file.close();
  await prover.prove(KEY, groups.slice(0, 1));
  t.is(read(), 18, 'it was touched');
  slow(600_000);
  await prover.prove(KEY, groups.slice(1, 2));
  t.is(read(), 20);
  await prover.prove(KEY, groups.slice(0, 1));
  t.is(read(), 22, 'that is long ago');
});

test('an answer takes a few seconds at the most: the rest is asked for again', async (t) => {
  const { prover, groups, slow } = await bench(t);
  slow(1000);
  t.deepEqual(await prover.prove(KEY, groups), ['whole', 'whole', 'whole']);
  slow(60_000);
  t.deepEqual(await prover.prove(KEY, groups.slice(4)), ['whole'], 'one in any case');
});

test('altered: a byte of the payload, another content than was told, or nothing there; told damaged only what is', async (t) => {
  const { box, prover, groups, damaged } = await bench(t);
  const [first, second, third] = groups;
  if (first === undefined || second === undefined || third === undefined) throw new Error('eight were recorded');
  t.deepEqual(await prover.prove(KEY, [{ ...first, digest: '0'.repeat(32) }]), ['altered']);
  t.deepEqual(await prover.prove(KEY, [{ ...first, firstSequence: 99 }]), ['altered']);
  t.deepEqual(await prover.prove(KEY, [{ ...first, recordedBy: 'f0000000-0000-4000-8000-00000000000f' }]), ['altered']);
  t.deepEqual(damaged, []);
  const path = join(box.root, pathIn(box));
  const group = box.catalogue.segments.find(KEY, ALL)[0]?.keys[1];
  const file = await open(path, 'r+');
  await file.write(Uint8Array.of(0xff, 0x00, 0xff, 0x55), 0, 4, (group?.offset ?? 0) + (group?.length ?? 0) - 4200);
  await file.close();
  t.deepEqual(await prover.prove(KEY, [first, second, third]), ['whole', 'altered', 'whole']);
  t.deepEqual(damaged, [path]);
  await rm(path);
  t.deepEqual(await prover.prove(KEY, [third]), ['altered']);
});

/** A disk with places that cannot be read. */
function withBad(places: readonly number[]): DiskReader {
  return {
    open: async (path) => {
      const source = await openByteSource(path);
      return {
        ...source,
        read: async (position, length) => {
          if (places.some((at) => at >= position && at < position + length))
            throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
          return await source.read(position, length);
        },
      };
    },
  };
}

test('altered: a place in its payload or its header that the disk cannot give back; the rest of the file stays', async (t) => {
  const places: number[] = [];
  const disk = withBad(places);
  const { box, prover, groups, damaged } = await bench(t, disk);
  const [segment] = box.catalogue.segments.find(KEY, ALL);
  const [, second, , fourth] = segment?.keys ?? [];
  if (segment === undefined || second === undefined || fourth === undefined) throw new Error('eight were recorded');
  places.push(second.offset + second.length - 4200, fourth.offset);
  t.deepEqual(
    await prover.prove(KEY, groups),
    groups.map((_, index) => (index === 1 || index === 3 ? 'altered' : 'whole')),
  );
  const file = join(box.root, segment.path);
  t.deepEqual(damaged, [file, file]);
  const place = { volumeId: segment.volumeId, path: segment.path };
  await storeScanned({ catalogue: box.catalogue, disk }, file, place);
  t.is(box.catalogue.removed.find(KEY, ALL).length, 2);
  const left = box.catalogue.segments.find(KEY, ALL).flatMap(({ keys }) => keys.map(({ sequence }) => sequence));
  const sequences = groups.map(({ firstSequence }) => firstSequence);
  // Of the second its first fragment is left; the fourth is gone with its key frame.
  t.deepEqual(
    left,
    sequences.filter((_, index) => index !== 3),
  );
});

test('a fragment whose header cannot be read is not told, and what is left of its group is not whole', async (t) => {
  const { box, groups } = await bench(t);
  const [segment] = box.catalogue.segments.find(KEY, ALL);
  const fourth = segment?.keys[3];
  if (fourth === undefined) throw new Error('eight were recorded');
  const { segments } = box.catalogue;
  const fileOf = ({ path }: { readonly path: string }): string => join(box.root, path);
  const { open: openBad } = withBad([fourth.offset]);
  const told = await createGroupReader({ segments, fileOf, now: systemClock.now, open: openBad }).read(KEY, ALL);
  t.deepEqual(
    told.groups.map(({ fragments, continuous }) => [fragments.length, continuous]),
    // The one before is not known to be followed without loss.
    groups.map(({ continuous }, index) => [index === 3 ? 1 : 2, index !== 2 && index !== 3 && continuous]),
  );
});

test('a disk that is gone is an error, and no damage', async (t) => {
  const { box } = await bench(t);
  const [segment] = box.catalogue.segments.find(KEY, ALL);
  if (segment === undefined) throw new Error('one was recorded');
  const gone: DiskReader = {
    open: async (path) => {
      const source = await openByteSource(path);
      const read = async (position: number, length: number): Promise<Uint8Array> => {
        if (position === 0) return await source.read(position, length);
        throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      };
      return { ...source, size: 2 * MAX_UNREADABLE_BYTES, read };
    },
  };
  const file = join(box.root, segment.path);
  await t.throwsAsync(storeScanned({ catalogue: box.catalogue, disk: gone }, file, segment), { code: 'EIO' });
  t.is(box.catalogue.segments.find(KEY, ALL)[0]?.keys.length, 8);
  const { prover, groups } = await bench(t, withBad([0]));
  await t.throwsAsync(prover.prove(KEY, groups), { code: 'EIO' });
});

import { readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { LOOK_ALLOWS_MS, openIncoming, takeRoom, unverifiedOf } from '../../src/archive/incoming-file.ts';
import type { IncomingFile } from '../../src/archive/incoming-file.ts';
import { MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { monotonicMs } from '../../src/core/units.ts';
import { createRandom } from '../support/seeded-random.ts';
import { F_ID, KEY, twoServers } from '../support/two-servers.ts';

const FILE = {
  ...KEY,
  id: 'ret-1',
  recordedBy: F_ID,
  epoch: 1,
  start: 0,
  end: 1000,
  bytes: 10_000_000,
  sha256: '',
  fragments: 1,
  accessUnits: 1,
  clockOffsetMs: 0,
};
const MIB = 1024 * 1024;

type Volume = { readonly id: string; readonly path: string; reserveBytes: number };
async function opened(t: ExecutionContext): Promise<{ readonly incoming: IncomingFile; readonly volume: Volume }> {
  const { r } = await twoServers(t);
  const volume = { id: r.volumeId, path: r.root, reserveBytes: 0 };
  const incoming = await openIncoming(FILE, volume, monotonicMs(0));
  t.teardown(async () => {
    await incoming.handle.close();
    await incoming.root.close();
  });
  return { incoming, volume };
}

test('a volume that is full is seen at the latest a quarter of a second after there was ample room', async (t) => {
  const { incoming, volume } = await opened(t);
  t.true(await takeRoom(incoming, 1000, 0));
  volume.reserveBytes = Number.MAX_SAFE_INTEGER;
  t.true(await takeRoom(incoming, 1000, LOOK_ALLOWS_MS - 1), 'one look allows more than one piece');
  t.false(await takeRoom(incoming, 1000, LOOK_ALLOWS_MS));
  t.false(await takeRoom(incoming, 1000, LOOK_ALLOWS_MS + 1), 'and goes on being seen');
});

test('one look allows 4 MiB at most', async (t) => {
  const { incoming, volume } = await opened(t);
  t.true(await takeRoom(incoming, MIB, 0));
  volume.reserveBytes = Number.MAX_SAFE_INTEGER;
  let more = 0;
  while (await takeRoom(incoming, MIB / 2, 1)) more += MIB / 2;
  t.true(more > 0 && more <= 4 * MIB, `${more} bytes`);
});

test('where all transfers together could reach the reserve each piece looks anew', async (t) => {
  const { incoming, volume } = await opened(t);
  // Others use this disk too: played again if that is what was seen.
  for (let now = 0; ; now += LOOK_ALLOWS_MS) {
    const free = await freeOf(volume);
    volume.reserveBytes = free - 32 * MIB;
    const first = await takeRoom(incoming, 1000, now);
    const isDisturbed = Math.abs((await freeOf(volume)) - free) > 8 * MIB;
    volume.reserveBytes = Number.MAX_SAFE_INTEGER;
    const second = await takeRoom(incoming, 1000, now);
    if (isDisturbed) continue;
    t.deepEqual([first, second], [true, false]);
    break;
  }
});

async function freeOf({ path }: Volume): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

test('a volume whose disk was taken away takes nothing', async (t) => {
  const { incoming, volume } = await opened(t);
  await writeFile(join(volume.path, MARKER_FILE), '{}');
  t.false(await takeRoom(incoming, 1000, 0));
});

test('what is not verified reads as the file does, however much of it there is', async (t) => {
  const random = createRandom(7);
  for (const size of [0, 1, 9000, 3 * MIB]) {
    const { incoming } = await opened(t);
    await incoming.handle.write(random.bytes(size), 0, size, 0);
    incoming.written = size;
    const whole = await readFile(incoming.path);
    const source = await unverifiedOf(incoming);
    t.is(source.size, size);
    for (let time = 0; time < 50; time += 1) {
      const position = random.int(0, size + 10);
      const length = random.int(0, size + 10);
      const read = await source.read(position, length);
      t.is(Buffer.compare(read, whole.subarray(position, position + length)), 0, `${length} from ${position}`);
    }
  }
});

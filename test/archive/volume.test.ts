import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openVolumeRoot } from '../../src/archive/volume-root.ts';
import {
  encodeMarker,
  isVolumeId,
  MARKER_FILE,
  MAX_MARKER_BYTES,
  parseMarker,
} from '../../src/archive/volume-marker.ts';
import { adoptVolume, inspectVolume } from '../../src/archive/volume.ts';
import { systemClock } from '../../src/core/clock.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
const OTHER = '00000000-8a1c-4c39-9d55-a3c1d1b7e001';
const ours = { serverId: SERVER, clock: systemClock };

test('a folder becomes a volume once; the second time it is known', async (t) => {
  const path = await tempDir(t, 'volume');
  const first = await adoptVolume(path, ours);
  const second = await adoptVolume(path, ours);
  if (first.kind !== 'created' || second.kind !== 'known') throw new Error(`${first.kind}, ${second.kind}`);
  t.deepEqual(second.marker, first.marker);
  t.deepEqual(parseMarker(await readFile(join(path, MARKER_FILE), 'utf8')), first.marker);
});

test('the volume of another server is told apart, and taken only when asked', async (t) => {
  const path = await tempDir(t, 'volume');
  const first = await adoptVolume(path, { serverId: OTHER, clock: systemClock });
  t.is((await adoptVolume(path, ours)).kind, 'foreign');
  const taken = await adoptVolume(path, { ...ours, takeOver: true });
  t.is(taken.kind, 'known');
  t.deepEqual('marker' in taken && taken.marker, 'marker' in first && first.marker);
});

test('a folder with other things in it is accepted and said to have them', async (t) => {
  const path = await tempDir(t, 'volume');
  await writeFile(join(path, 'holiday.jpg'), 'x');
  t.is((await adoptVolume(path, ours)).kind, 'created');
  const seen = await inspectVolume(path);
  t.true(seen.kind === 'folder' && seen.hasOtherContent && seen.marker?.serverId === SERVER);
});

test('a folder that does not exist is not made', async (t) => {
  const path = join(await tempDir(t, 'volume'), 'not-mounted');
  const adopted = await adoptVolume(path, ours);
  t.true(adopted.kind === 'unusable' && adopted.cause === 'volume-gone');
  t.is((await inspectVolume(path)).kind, 'unusable');
});

test('a marker that cannot be read is not written over', async (t) => {
  const path = await tempDir(t, 'volume');
  await writeFile(join(path, MARKER_FILE), '{');
  t.is((await adoptVolume(path, ours)).kind, 'unusable');
  t.is(await readFile(join(path, MARKER_FILE), 'utf8'), '{');
});

test('a folder without its marker is an unmounted disk', async (t) => {
  const opened = openVolumeRoot(await tempDir(t, 'volume'), 'vol-1');
  t.true(opened.kind === 'unusable' && opened.cause === 'volume-gone' && opened.message.includes('not mounted'));
});

test('a marker with another id is another disk', async (t) => {
  const path = await tempDir(t, 'volume');
  await adoptVolume(path, ours);
  const opened = openVolumeRoot(path, 'vol-other');
  t.true(opened.kind === 'unusable' && opened.cause === 'volume-gone');
});

test('a marker that vanishes or changes is noticed by the next check', async (t) => {
  const path = await tempDir(t, 'volume');
  const adopted = await adoptVolume(path, ours);
  if (adopted.kind !== 'created') throw new Error(adopted.kind);
  const opened = openVolumeRoot(path, adopted.marker.id);
  if (opened.kind !== 'open') throw new Error(opened.message);
  t.is(opened.root.check(), undefined);
  await writeFile(join(path, MARKER_FILE), encodeMarker({ ...adopted.marker, id: 'vol-x' }));
  t.is(opened.root.check()?.cause, 'volume-gone');
  opened.root.close();
});

test('a link that leads to another file system is refused', async (t) => {
  const path = await tempDir(t, 'volume');
  const adopted = await adoptVolume(path, ours);
  if (adopted.kind !== 'created') throw new Error(adopted.kind);
  const opened = openVolumeRoot(path, adopted.marker.id);
  if (opened.kind !== 'open') throw new Error(opened.message);
  t.teardown(opened.root.close);
  await mkdir(join(path, 'cam-1'));
  await symlink('/proc', join(path, 'cam-1/main'));
  t.throws(() => opened.root.ensureDirectory('cam-1/main/self'), { message: /leads out of the volume/ });
});

test('no random text is taken for a marker with an id of ours', (t) => {
  const good = encodeMarker({ id: 'vol-1', created: 'x', serverId: SERVER });
  forSeeds(300, (random) => {
    const letters = Array.from(good);
    for (let change = random.int(1, 4); change > 0; change -= 1)
      letters[random.int(0, letters.length - 1)] = String.fromCodePoint(random.int(0, 255));
    const marker = parseMarker(letters.join(''));
    if (marker !== undefined && !isVolumeId(marker.id)) throw new Error(letters.join(''));
  });
  t.is(parseMarker(good + ' '.repeat(MAX_MARKER_BYTES)), undefined);
  t.is(parseMarker('null'), undefined);
});

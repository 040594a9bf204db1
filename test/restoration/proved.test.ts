/**
 * Nothing is let go because of a header: what the other server is said to have is read there, and what shall replace something there is read
 * here, before it is decided.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import type { FragmentInfo } from '../../src/media/mp4/parse-fragment.ts';
import { openByteSource } from '../../src/archive/byte-source.ts';
import { scanSegmentFile } from '../../src/archive/scan-segment.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport } from '../../src/simulator/check.ts';
import { START_MS, unitsShown } from '../support/covered-camera.ts';
import { ended, EXPECTED, outage } from '../support/outage.ts';
import { createRandom } from '../support/seeded-random.ts';
import { ALL, KEY, orderOf, twoServers } from '../support/two-servers.ts';
import type { Box, TwoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

type Place = { readonly path: string; readonly fragment: FragmentInfo };

/** Fragments of access units `from` up to `to` as a server recorded them itself. */
async function fragmentsOf(box: Box, from: number, to: number): Promise<readonly Place[]> {
  const found: Place[] = [];
  for (const { path } of box.catalogue.segments.findRows(KEY, ALL)) {
    const source = await openByteSource(join(box.root, path));
    const { length } = await readInit(source);
    for await (const step of scanFragments(source, { from: length, resync: true })) {
      if (step.kind !== 'fragment') continue;
      const unit = Math.round((step.fragment.start / 1000 - START_MS) / 40);
      if (unit >= from && unit < to) found.push({ path, fragment: step.fragment });
    }
    await source.close();
  }
  return found;
}

/** The disk gives back something else than was written to it; the header is sound. */
async function rot(box: Box, { path, fragment }: Place): Promise<void> {
  const file = await open(join(box.root, path), 'r+');
  const at = fragment.payloadOffset + (fragment.payloadLength >> 1);
  await file.write(Uint8Array.of(0xff, 0x5a, 0x00, 0xa5), 0, 4, at);
  await file.close();
}

async function shownAt({ r }: TwoServers): Promise<CheckReport> {
  return checkRecording(await unitsShown(r.catalogue.segments.find(KEY, ALL), r.root), EXPECTED);
}

const WHOLE = { first: 0, last: 1099, missing: [], doubled: [], reordered: [], altered: [] };

test('what the protected server has is read there before it is let go here: rotten, it goes home once more', async (t) => {
  // Seams of the outage: both have these.
  for (const seam of [
    [225, 250],
    [800, 850],
  ] as const)
    for (const which of [0, 1]) {
      const two = await twoServers(t);
      await outage(two);
      const place = (await fragmentsOf(two.r, seam[0], seam[1]))[which];
      if (place === undefined) throw new Error('nothing at the seam');
      await rot(two.r, place);
      const id = two.restoration().begin(orderOf());
      t.is(await ended(two, id), 'done');
      t.like(await shownAt(two), WHOLE, `fragment ${which} of ${String(seam)}`);
      t.deepEqual(two.damaged, [place.path]);
      // Without its key frame nothing of a group can be shown.
      const start = place.fragment.start / 1000;
      const end = place.fragment.end / 1000 + (which === 0 ? 480 : 0);
      t.deepEqual(two.r.catalogue.removed.find(KEY, ALL), [{ start, end, cause: 'footage-damaged' }]);
      t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
    }
});

test('seeded rot of what both have: each access unit stands once at home before the last copy goes', async (t) => {
  t.timeout(110_000);
  for (let seed = 1; seed <= 8; seed += 1) {
    const random = createRandom(seed);
    const two = await twoServers(t);
    await outage(two);
    const both = [...(await fragmentsOf(two.r, 225, 250)), ...(await fragmentsOf(two.r, 800, 850))];
    for (const place of both) if (random.chance(0.5)) await rot(two.r, place);
    t.is(await ended(two, two.restoration().begin(orderOf())), 'done', `seed ${seed}`);
    t.like(await shownAt(two), WHOLE, `seed ${seed}`);
  }
});

test('rot in a segment that is still being written is waited for until it is closed', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const [place] = await fragmentsOf(two.r, 825, 850);
  if (place === undefined) throw new Error('nothing at the seam');
  const { segment, fragments } = await scanSegmentFile(join(two.r.root, place.path), two.r.volumeId, place.path);
  await rot(two.r, place);
  two.r.catalogue.segments.remove(two.r.volumeId, place.path);
  two.r.catalogue.segments.open(segment);
  const where = { ...KEY, volumeId: two.r.volumeId, segment: place.path, accessUnits: 12, audioFrames: 0 };
  two.r.catalogue.segments.addFragments(fragments.map((each) => ({ ...where, ...each })));
  const id = two.restoration().begin(orderOf());
  const isProved = (): boolean => two.calls.filter(({ method }) => method === 'footage.prove').length > 2;
  await waitFor('it to be asked for again and again', isProved);
  t.is(two.restoration().get(id)?.finishedAt, undefined);
  t.true(two.f.catalogue.segments.find(KEY, ALL).length > 0, 'the good copy stays');
  t.deepEqual(two.damaged, []);
  two.r.catalogue.segments.close(two.r.volumeId, place.path);
  t.is(await ended(two, id), 'done');
  t.like(await shownAt(two), WHOLE);
  t.deepEqual(two.damaged, [place.path]);
});

test('what is rotten here replaces nothing there, and stays', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  // R has the first ten access units of this group, F all of it.
  const [place] = await fragmentsOf(two.f, 250, 275);
  if (place === undefined) throw new Error('nothing at the seam');
  await rot(two.f, place);
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'incomplete');
  t.like(await shownAt(two), { ...WHOLE, missing: [{ from: 260, to: 275 }] });
  t.deepEqual(
    two.f.catalogue.segments.find(KEY, ALL).map(({ path }) => path),
    [place.path],
    'what is nowhere else stays',
  );
  t.is(two.restoration().get(id)?.remaining.files, 1);
});

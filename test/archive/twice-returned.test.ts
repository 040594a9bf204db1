import { open, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openReturnFile } from '../../src/archive/compose-return.ts';
import { createGroupReader } from '../../src/archive/footage-groups.ts';
import type { ReturnInbox } from '../../src/archive/return-inbox.ts';
import type { FootageGroup } from '../../src/wire/footage-protocol.ts';
import { ALL, F_ID, KEY, makeBox, twoServers } from '../support/two-servers.ts';
import type { Box, TwoServers } from '../support/two-servers.ts';

const G_ID = 'e0000000-0000-4000-8000-00000000000e';

/** Everything that a covering server recorded, given back as it would be when nothing is at its own server yet. */
async function giveBack(t: ExecutionContext, box: Box, inbox: ReturnInbox, id: string): Promise<void> {
  const [source] = box.catalogue.segments.find(KEY, ALL);
  if (source === undefined) throw new Error('nothing was recorded');
  const composed = await openReturnFile({
    path: join(box.root, source.path),
    runs: [[source.firstSequence, source.lastSequence]],
    note: { id, by: box.id, clockOffsetMs: 0, supersedes: [] },
  });
  if (composed === undefined) throw new Error('nothing to compose');
  t.teardown(composed.close);
  const { file } = composed;
  const offer = await inbox.offer(file);
  if (offer.kind !== 'send') throw new Error(offer.kind);
  for (let at = offer.offset; at < file.bytes;)
    ({ offset: at } = await inbox.append(id, at, await composed.read(at, 100_000)));
  await inbox.insert({ file, place: { kind: 'sent' } });
}

async function shown({ r }: TwoServers): Promise<readonly FootageGroup[]> {
  const reader = createGroupReader({
    segments: r.catalogue.segments,
    now: Date.now,
    fileOf: ({ path }) => join(r.root, path),
  });
  return (await reader.read(KEY, ALL)).groups;
}

async function bothRecorded(
  t: ExecutionContext,
  [f, g]: readonly [readonly [number, number], readonly [number, number]],
): Promise<{ two: TwoServers; other: Box }> {
  const two = await twoServers(t);
  const other = await makeBox(t, G_ID);
  await two.f.record({ sessions: [f] });
  await other.record({ sessions: [g] });
  await two.f.reconcile();
  await other.reconcile();
  return { two, other };
}

test('what two servers give back at the same time stands once in the timeline', async (t) => {
  const { two, other } = await bothRecorded(t, [
    [0, 200],
    [100, 300],
  ]);
  const inbox = two.inbox();
  await Promise.all([giveBack(t, two.f, inbox, 'ret-f'), giveBack(t, other, inbox, 'ret-g')]);
  const groups = await shown(two);
  t.is(
    groups.reduce((sum, { accessUnits }) => sum + accessUnits, 0),
    300,
  );
  t.is(new Set(groups.map(({ key }) => key)).size, groups.length);
  t.deepEqual(new Set(groups.map(({ recordedBy }) => recordedBy)), new Set([F_ID, G_ID]));
});

test('a group of which the later giver has more replaces the shorter one', async (t) => {
  // The first one was killed in the middle of a group.
  const { two, other } = await bothRecorded(t, [
    [0, 120],
    [0, 200],
  ]);
  const inbox = two.inbox();
  await giveBack(t, two.f, inbox, 'ret-f');
  await giveBack(t, other, inbox, 'ret-g');
  const groups = await shown(two);
  t.is(
    groups.reduce((sum, { accessUnits }) => sum + accessUnits, 0),
    200,
  );
});

test('a catalogue made again from the files shows the same', async (t) => {
  const { two, other } = await bothRecorded(t, [
    [0, 200],
    [100, 300],
  ]);
  const inbox = two.inbox();
  await giveBack(t, two.f, inbox, 'ret-f');
  await giveBack(t, other, inbox, 'ret-g');
  const before = await shown(two);
  for (const { volumeId, path } of two.r.catalogue.segments.findRows(KEY, ALL)) {
    two.r.catalogue.segments.remove(volumeId, path);
    // Files of this moment are left to their writers.
    await utimes(join(two.r.root, path), new Date(0), new Date(0));
  }
  t.deepEqual(await shown(two), []);
  await two.r.reconcile();
  t.deepEqual(await shown(two), before);
});

test('what one server gave and the disk altered since does not stand for what another one gives', async (t) => {
  const { two, other } = await bothRecorded(t, [
    [0, 200],
    [0, 200],
  ]);
  const inbox = two.inbox();
  await giveBack(t, two.f, inbox, 'ret-f');
  const [given] = two.r.catalogue.segments.find(KEY, ALL);
  const group = given?.keys[3];
  if (given === undefined || group === undefined) throw new Error('nothing was given back');
  const file = await open(join(two.r.root, given.path), 'r+');
  await file.write(Uint8Array.of(0xff, 0x00, 0xff, 0x55), 0, 4, group.offset + group.length - 4200);
  await file.close();
  await giveBack(t, other, inbox, 'ret-g');
  const groups = await shown(two);
  t.is(
    groups.reduce((sum, { accessUnits }) => sum + accessUnits, 0),
    200,
  );
  t.deepEqual(
    groups.map(({ recordedBy }) => recordedBy),
    groups.map((_, index) => (index === 3 ? G_ID : F_ID)),
  );
  t.deepEqual(two.damaged, [given.path]);
});

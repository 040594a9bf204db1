/** What must not be taken for given back: footage that is not in the catalogue yet, fragments that could not go along. */
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ended, judge, outage } from '../support/outage.ts';
import { ALL, FINE, KEY, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

test('while volumes are being reconciled an empty catalogue says nothing: the restoration waits', async (t) => {
  let isReady = false;
  const two = await twoServers(t, { restoration: { isReady: () => isReady } });
  const id = two.restoration().begin(orderOf());
  await waitFor('it waits', () => two.restoration().get(id)?.state === 'waiting');
  await outage(two);
  isReady = true;
  t.is(await ended(two, id), 'done');
  t.true((two.restoration().get(id)?.files.received ?? 0) > 0);
  await judge(t, two);
});

test('a segment with a damaged fragment stays when the rest of it went home', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const [segment] = two.f.catalogue.segments.find(KEY, ALL);
  const group = segment?.keys[1];
  if (segment === undefined || group === undefined) {
    t.fail('no footage');
    return;
  }
  const file = await open(join(two.f.root, segment.path), 'r+');
  // Behind the header of the fragment: its payload.
  await file.write(Uint8Array.of(0xff, 0x00, 0xff, 0x55), 0, 4, group.offset + group.length - 4200);
  await file.close();
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'incomplete');
  t.deepEqual(
    two.f.catalogue.segments.find(KEY, ALL).map(({ path }) => path),
    [segment.path],
    'what is nowhere else stays, and nothing but that',
  );
});

test('a volume that is away is waited for, not taken for damaged', async (t) => {
  let isAway = false;
  const two = await twoServers(t);
  await outage(two);
  two.fate = ({ method }) => {
    if (method !== 'footage.offer') return FINE;
    // Decided on; before the first file the disk goes.
    return { ...FINE, reaches: isAway };
  };
  const id = two.restoration().begin(orderOf());
  await waitFor('files to be planned', () => (two.restoration().get(id)?.files.total ?? 0) > 0);
  await rename(two.f.root, `${two.f.root}.away`);
  isAway = true;
  await waitFor('it to be missed', () => {
    // The cut connection made its pauses long.
    two.restoration().nudge(R_ID);
    return two.restoration().get(id)?.problem?.includes('is not here') === true;
  });
  t.is(two.restoration().get(id)?.files.refused, 0);
  await rename(`${two.f.root}.away`, two.f.root);
  t.is(await ended(two, id), 'done');
  await judge(t, two);
});

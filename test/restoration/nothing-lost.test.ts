/** What must not be taken for given back: footage that is not in the catalogue yet, fragments that could not go along. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ended, judge, outage } from '../support/outage.ts';
import { ALL, KEY, orderOf, twoServers } from '../support/two-servers.ts';
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

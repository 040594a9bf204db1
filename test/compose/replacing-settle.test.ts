import test from 'ava';
import { settle } from '../../src/compose/replacing-settle.ts';
import { replacementSchema } from '../../src/site/replacement.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';

const [R, N] = [serverIdOf(2), serverIdOf(3)];
const replacement = replacementSchema.parse({
  id: 'replacement-1',
  serverId: R,
  name: 'Hall',
  by: N,
  byName: 'Other',
  kind: 'other',
  hash: 'a'.repeat(64),
  epoch: 512,
  state: 'adopted',
  startedAt: 5,
  user: 'owner',
});

/** A failover server; `fails` names what is not forgotten by it. `covered`: cameras of the original that are recorded here. */
function placeOf({ covered = 0 } = {}) {
  const settings = memorySettings({
    peers: [peerOf(2, { watched: true, name: 'Hall' }), peerOf(3, { watched: true })],
  });
  const place = { settings, fails: undefined as string | undefined, done: [] as string[] };
  const step = async (name: string): Promise<void> => {
    if (place.fails === name) throw new Error(`${name}: the disk is full`);
    place.done.push(name);
    await Promise.resolve();
  };
  const wanted = Object.fromEntries(Array.from({ length: covered }, (_, index) => [`camera ${index}`, {}]));
  const isWatched = (): boolean => settings.peers.get().peers.some(({ id, watched }) => id === R && watched);
  const parts = { settings, publish: () => place.done.push('told'), log: { info: () => undefined } };
  const side = {
    watch: { stateOf: () => (isWatched() ? { wanted, restoring: [], takeover: undefined } : undefined) },
    restoration: { list: () => [] },
    backups: { take: async () => await step('take'), forget: async () => await step('backups') },
  };
  const pinned = { forget: async () => await step('kept settings') };
  const given = { parts: parts as never, peers: {} as never, side: side as never, pinned };
  return Object.assign(place, { settle: async () => await settle(given, replacement) });
}

test('what fails, or is killed, after the original is not watched any more is finished the next time', async (t) => {
  for (const what of ['backups', 'kept settings']) {
    const place = placeOf();
    place.fails = what;
    await t.throwsAsync(place.settle(), { message: /disk is full/ });
    t.like(place.settings.peers.get().peers[0], { watched: false, replacedBy: { id: N, name: 'Hall', at: 5 } });
    place.fails = undefined;
    await place.settle();
    t.deepEqual(place.done.slice(-3), ['backups', 'kept settings', 'told']);
    t.is(place.done.filter((one) => one === 'take').length, 1);
  }
});

test('nothing ends while cameras of the original are recorded here', async (t) => {
  const place = placeOf({ covered: 1 });
  await t.throwsAsync(place.settle(), { code: 'replace/handing-over' });
  t.like(place.settings.peers.get().peers[0], { watched: true, replacedBy: undefined });
  t.deepEqual(place.done, []);
});

/** Servers whose footage lies here and that deauthorize this one, or are deauthorized. */
import test from 'ava';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';
import { code, REQUEST, rigOf } from './known-servers-rig.ts';

test('a server that deauthorizes this one while its footage lies here stays known, with an alarm, until that is settled', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { watched: true, name: 'Hall' })] });
  rig.held = { words: '3 files (12.4 MB)', canStop: true };
  await rig.known.forgottenBy(serverIdOf(2));
  t.not(rig.known.find(serverIdOf(2)).forgottenAt, undefined);
  t.deepEqual(rig.forgotten, [], 'backups, covers and name stay');
  const [alarm] = rig.entries;
  t.like(alarm, { severity: 'error', code: 'footage-held' });
  t.regex(
    alarm?.message ?? '',
    /^Hall, or its host, .*3 files \(12\.4 MB\).*Authorize Hall again.*understudy restoration stop/,
  );
  const told = rig.peers();
  await rig.known.forgottenBy(serverIdOf(2));
  t.deepEqual(rig.peers(), told, 'said again it changes nothing');

  await rig.known.review();
  t.deepEqual(rig.forgotten, [], 'still held');
  rig.held = undefined;
  await rig.known.review();
  t.deepEqual(rig.forgotten, [serverIdOf(2)]);
  t.deepEqual(rig.peers(), []);
  t.is(rig.entries.at(-1)?.code, 'server-removed');
});

test('a server that deauthorized this one is trusted again once it is authorized again, and is not forgotten later', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { watched: true })] });
  rig.held = { words: '3 files (12.4 MB)', canStop: true };
  await rig.known.forgottenBy(serverIdOf(2));
  const { host: _host, httpPort: _port, ...account } = REQUEST;
  await rig.known.authorize(serverIdOf(2), account, 'anna');
  t.is(rig.known.find(serverIdOf(2)).forgottenAt, undefined);
  rig.held = undefined;
  await rig.known.review();
  t.is(rig.peers().length, 1);
  await rig.known.forgottenBy(serverIdOf(2));
  t.deepEqual(rig.peers(), [], 'without footage it is forgotten at once');
});

test('a server that deauthorized this one may be added again as if it were new, at another place too', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { watched: true, httpPort: 1234 })] });
  rig.held = { words: '3 files (12.4 MB)', canStop: true };
  await rig.known.forgottenBy(serverIdOf(2));
  await rig.known.add(REQUEST, 'anna');
  t.like(rig.known.find(serverIdOf(2)), { forgottenAt: undefined, httpPort: REQUEST.httpPort, watched: true });
  t.is(rig.peers().length, 1);
});

test('a server that left the site of this host stays known while its footage lies here, and is forgotten with the last of it', async (t) => {
  const detachPending = { since: 1, cameras: 'keep', force: true, user: 'olga' } as const;
  const rig = rigOf({
    mode: 'failover',
    peers: [peerOf(2, { watched: true, locked: true, name: 'Hall', detachPending })],
  });
  rig.held = { words: '3 files (12.4 MB)', canStop: true };
  await rig.known.left(serverIdOf(2));
  t.like(rig.known.find(serverIdOf(2)), { watched: true, detachPending: undefined, locked: undefined });
  t.not(rig.known.find(serverIdOf(2)).forgottenAt, undefined, 'it is not trusted');
  t.deepEqual(rig.forgotten, [], 'backups, covers and name stay');
  t.like(rig.entries.at(-1), { severity: 'error', code: 'footage-held' });
  rig.held = undefined;
  await rig.known.review();
  t.deepEqual([rig.forgotten, rig.peers()], [[serverIdOf(2)], []]);

  const empty = rigOf({ mode: 'failover', peers: [peerOf(2, { watched: true, detachPending })] });
  await empty.known.left(serverIdOf(2));
  t.deepEqual([empty.forgotten, empty.peers(), empty.entries], [[serverIdOf(2)], [], []]);
});

test('what protects this server is forgotten at once, unless footage of it is to go home from here', async (t) => {
  const peers = [peerOf(2, { watcher: true, mode: 'failover' })];
  const rig = rigOf({ mode: 'recording', peers });
  rig.held = { words: '3 files (12.4 MB)', canStop: false };
  await rig.known.forgottenBy(serverIdOf(2));
  t.deepEqual(rig.peers(), []);

  const changed = rigOf({ mode: 'recording', peers });
  changed.held = { words: '3 files (12.4 MB)', canStop: true };
  await changed.known.forgottenBy(serverIdOf(2));
  t.like(changed.peers(), [{ id: serverIdOf(2), watcher: false }]);
  t.deepEqual(changed.forgotten, [], 'what it takes to give it back stays');
  t.is(changed.entries.at(-1)?.code, 'footage-held');
  changed.held = undefined;
  await changed.known.review();
  t.deepEqual(changed.peers(), []);
});

test('a server whose footage is still to go home is not deauthorized here either; one whose footage nobody gives back is', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { watched: true, name: 'Hall' })] });
  rig.held = { words: '3 files (12.4 MB)', canStop: true };
  await t.throwsAsync(rig.known.deauthorize(serverIdOf(2), 'anna', true), {
    ...code('failover/covering'),
    message: /Hall.*3 files \(12\.4 MB\).*understudy restoration stop/,
  });
  t.deepEqual(rig.forgets, []);
  rig.held = { words: '3 files (12.4 MB)', canStop: false };
  await rig.known.deauthorize(serverIdOf(2), 'anna', true);
  t.deepEqual(rig.peers(), []);
});

test('an original that is set up anew stays known until its successor has everything, and at the host', async (t) => {
  const replacedBy = { id: serverIdOf(3), name: 'Hall', at: 1 };
  const tombstone = peerOf(2, { watched: true, replacedBy });
  for (const held of [undefined, { words: 'it is covered now', canStop: false }]) {
    const rig = rigOf({ peers: [tombstone] });
    rig.held = held;
    await rig.known.forgottenBy(serverIdOf(2));
    t.deepEqual([rig.peers(), rig.forgotten, rig.entries], [[tombstone], [], []], 'covers and backups stay');
    await rig.settings.peers.update(({ peers }) => ({ peers: peers.map((peer) => ({ ...peer, watched: false })) }));
    await rig.known.forgottenBy(serverIdOf(2));
    t.deepEqual([rig.peers(), rig.forgotten], [[], [serverIdOf(2)]]);
  }
  const host = rigOf({ mode: 'host', peers: [{ ...tombstone, watched: false }] });
  await host.known.forgottenBy(serverIdOf(2));
  t.is(host.peers().length, 1);
});

test('an original is added anew only when nothing of its time is handed over here any more', async (t) => {
  const replacedBy = { id: serverIdOf(3), name: 'Hall', at: 1 };
  const rig = rigOf({ peers: [peerOf(2, { watched: true, replacedBy })] });
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), { ...code('server/known'), message: /being handed over/ });
  t.deepEqual(rig.peers()[0]?.replacedBy, replacedBy, 'its successor goes on being heard by it');
  const over = rigOf({ peers: [peerOf(2, { watched: false, replacedBy })] });
  t.like(await over.known.add(REQUEST, 'anna'), { watched: true });
});

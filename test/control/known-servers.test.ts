import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_PEERS } from '../../src/site/peer.ts';
import { OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';
import { code, HTTPS, remoteOf, REQUEST, rigOf } from './known-servers-rig.ts';

test('a recording server is authorized: it is protected, its certificate pinned, the password is not kept', async (t) => {
  const { known, peers, sent, entries } = rigOf();
  const record = await known.add(REQUEST, 'anna');
  t.like(record, { id: serverIdOf(2), watched: true, watcher: false, httpsFingerprint: HTTPS, host: '192.0.2.2' });
  t.deepEqual(peers(), [record]);
  t.true(sent.at(-1)?.includes('"role":"protects"'));
  t.false(JSON.stringify([peers(), entries]).includes('secret'));
  t.like(entries.at(-1), { code: 'server-authorized', user: 'anna' });
});

test('a host manages what it adds', async (t) => {
  const { known, sent } = rigOf({ mode: 'host' });
  t.like(await known.add(REQUEST, 'anna'), { watched: false, watcher: false, managesUs: false });
  t.true(sent.at(-1)?.includes('"role":"manages"'));
});

test('another certificate than the confirmed one gets no credential', async (t) => {
  const rig = rigOf();
  rig.remote = remoteOf({ certificate: 'f'.repeat(64) });
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code('server/fingerprint'));
  t.deepEqual(rig.sent, []);
  t.deepEqual(rig.peers(), []);
});

test('a wrong password and an account without rights are told, each with its own words', async (t) => {
  const rig = rigOf();
  await t.throwsAsync(rig.known.add({ ...REQUEST, password: 'other' }, 'anna'), {
    ...code('server/credentials'),
    message: /^(?!.*other).*192\.0\.2\.2/,
  });
  rig.remote = remoteOf({ admin: false });
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code('server/not-admin'));
  t.deepEqual(rig.peers(), []);
  const host = rigOf({ mode: 'host' });
  host.remote = remoteOf({ admin: false });
  await t.throwsAsync(host.known.add(REQUEST, 'anna'), { ...code('server/not-owner'), message: /only its owner/ });
});

test('whatever answers as something else is refused', async (t) => {
  const rig = rigOf();
  for (const odd of [
    { id: 'not-a-uuid' },
    { name: 'x'.repeat(200) },
    { mode: 'nas' as 'host' },
    { fingerprint: 'short' },
    { peerPort: 0 },
    { name: 'esc\u001B[2J' },
  ]) {
    rig.remote = remoteOf(odd);
    await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code('server/not-one'), JSON.stringify(odd));
  }
  t.deepEqual(rig.peers(), []);
});

test('servers that have nothing to do for each other are refused before anything is exchanged', async (t) => {
  for (const [mode, other, wanted] of [
    ['recording', { mode: 'failover' }, 'server/mode'],
    ['failover', { mode: 'failover' }, 'server/mode'],
    ['host', { mode: 'host' }, 'server/mode'],
    ['failover', { id: OWN_ID }, 'server/itself'],
  ] as const) {
    const rig = rigOf({ mode });
    rig.remote = remoteOf(other);
    await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code(wanted));
    t.false(rig.sent.some((line) => line.startsWith('/peers')));
    t.deepEqual(rig.peers(), []);
  }
});

test('a server is added once; one that only the host introduced may still be added', async (t) => {
  const rig = rigOf({ peers: [peerOf(2)] });
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code('server/known'));
  const introduced = rigOf({ peers: [peerOf(2, { introduced: true })] });
  t.like(await introduced.known.add(REQUEST, 'anna'), { introduced: false, watched: true });
});

test('a refused first backup leaves nothing on either side', async (t) => {
  const rig = rigOf();
  for (const [kind, wanted] of [
    ['unsupported', 'server/netbsd'],
    ['unsupported', 'server/frame-grabber'],
    ['conflict', 'server/camera-id'],
  ] as const) {
    rig.backup = async () => await Promise.reject(new UnderstudyError(kind, wanted, 'It cannot be protected.'));
    await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code(wanted));
    t.deepEqual(rig.peers(), []);
  }
  t.deepEqual(rig.forgets, [serverIdOf(2), serverIdOf(2), serverIdOf(2)]);
  t.is(rig.forgotten.length, 3);
  t.deepEqual(
    rig.entries.filter(({ code: one }) => one === 'server-authorized'),
    [],
  );
});

test('a server whose peer port cannot be reached is told by that, and forgotten', async (t) => {
  const rig = rigOf();
  rig.reachable = false;
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), { ...code('server/peer-port'), message: /firewall/ });
  t.deepEqual(rig.peers(), []);
});

test('after a key change a server is authorized again, with the new key and its old place', async (t) => {
  const rig = rigOf();
  await rig.known.add(REQUEST, 'anna');
  const { addedAt } = rig.known.find(serverIdOf(2));
  rig.remote = remoteOf({ fingerprint: '9'.repeat(64), certificate: '8'.repeat(64) });
  const { host: _host, httpPort: _port, ...account } = REQUEST;
  await t.throwsAsync(rig.known.authorize(serverIdOf(2), account, 'anna'), code('server/fingerprint'));
  t.is(rig.known.find(serverIdOf(2)).fingerprint, '2'.repeat(64));
  const again = await rig.known.authorize(serverIdOf(2), { ...account, httpsFingerprint: '8'.repeat(64) }, 'anna');
  t.like(again, { fingerprint: '9'.repeat(64), httpsFingerprint: '8'.repeat(64), addedAt, watched: true });
  t.is(rig.peers().length, 1);
});

test('a second authorization that fails costs nothing of the first: record, backups and covers stay', async (t) => {
  const rig = rigOf();
  const first = await rig.known.add(REQUEST, 'anna');
  const { host: _host, httpPort: _port, ...account } = REQUEST;
  rig.remote = remoteOf({ fingerprint: '9'.repeat(64) });
  rig.reachable = false;
  await t.throwsAsync(rig.known.authorize(first.id, account, 'anna'), code('server/peer-port'));
  rig.reachable = true;
  rig.backup = async () => await Promise.reject(new UnderstudyError('unavailable', 'peer/timeout', 'no answer'));
  await t.throwsAsync(rig.known.authorize(first.id, account, 'anna'), code('peer/timeout'));
  t.deepEqual(rig.peers(), [first]);
  t.deepEqual(rig.forgets, []);
  t.deepEqual(rig.forgotten, []);
});

test('another server at the address of a known one is refused', async (t) => {
  const rig = rigOf({ peers: [peerOf(2)] });
  rig.remote = remoteOf({ id: serverIdOf(7) });
  const { host: _host, httpPort: _port, ...account } = REQUEST;
  await t.throwsAsync(rig.known.authorize(serverIdOf(2), account, 'anna'), code('server/another'));
  const { host: _none, ...dialsIn } = peerOf(3);
  await rig.settings.peers.update(() => ({ peers: [dialsIn] }));
  await t.throwsAsync(rig.known.authorize(serverIdOf(3), account, 'anna'), code('server/dials-in'));
});

test('a covered server is neither deauthorized nor disabled', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { watched: true })] });
  rig.covering = true;
  await t.throwsAsync(rig.known.deauthorize(serverIdOf(2), 'anna', true), code('failover/covering'));
  await t.throwsAsync(rig.known.setEnabled(serverIdOf(2), false, 'anna'), code('failover/covering'));
  t.like(rig.known.find(serverIdOf(2)), { enabled: true });
  t.deepEqual(rig.forgets, []);
});

test('deauthorizing is told to the other side and goes on when that is away', async (t) => {
  const rig = rigOf({ peers: [peerOf(2), peerOf(3)] });
  rig.reachable = false;
  await rig.known.deauthorize(serverIdOf(2), 'anna', true);
  t.deepEqual(rig.forgets, [serverIdOf(2)]);
  t.deepEqual(
    rig.peers().map(({ id }) => id),
    [serverIdOf(3)],
  );
  t.throws(() => rig.known.find(serverIdOf(2)), code('server/unknown'));
  await rig.known.forgottenBy(serverIdOf(3));
  await rig.known.forgottenBy(serverIdOf(3));
  t.deepEqual(rig.peers(), []);
  t.is(rig.entries.filter(({ code: one }) => one === 'server-removed').length, 2);
});

test('a second host cannot take over the management, by any way', async (t) => {
  const rig = rigOf({ peers: [peerOf(5, { mode: 'host', managesUs: true, name: 'First host' })] });
  const peer = { id: serverIdOf(6), name: 'Second', mode: 'host' as const, fingerprint: '6'.repeat(64) };
  const wanted = { ...code('server/managed'), message: /First host/ };
  await t.throwsAsync(rig.known.introduce({ peer, role: 'manages' }, 'anna'), wanted);
  await t.throwsAsync(rig.known.paired({ identity: peer, host: undefined }), wanted);
  t.is(rig.peers().length, 1);
});

test('an introduction makes a watcher, never a protected server, and answers with the own identity', async (t) => {
  const rig = rigOf({ mode: 'recording' });
  const peer = { id: serverIdOf(6), name: 'Backup', mode: 'failover' as const, fingerprint: '6'.repeat(64) };
  t.like(await rig.known.introduce({ peer, role: 'protects' }, 'anna'), { id: OWN_ID });
  t.like(rig.known.find(serverIdOf(6)), { watcher: true, watched: false, managesUs: false });
  await t.throwsAsync(
    rig.known.introduce({ peer: { ...peer, id: OWN_ID }, role: 'protects' }, 'a'),
    code('server/itself'),
  );
});

test('who cannot be protected is not paired with a host or a failover server, whichever of them shows the code', async (t) => {
  const suitability = { platform: 'linux', frameGrabbers: ['109e:036e at 0000:03:00.0'] };
  const { id, name, fingerprint } = remoteOf();
  const identity = { id, name, fingerprint, peerPort: 51_410 } as const;
  for (const mode of ['host', 'failover'] as const) {
    const rig = rigOf({ mode });
    const asked = rig.known.paired({ identity: { ...identity, mode: 'recording' }, host: undefined, suitability });
    const refused = await t.throwsAsync(asked, code('server/frame-grabber'));
    t.regex(refused?.message ?? '', /^Hall has frame grabber cards/);
    t.deepEqual(rig.peers(), []);
    const own = rigOf({ mode: 'recording', suitability: { platform: 'netbsd', frameGrabbers: [] } });
    const asking = own.known.paired({ identity: { ...identity, mode }, host: '192.0.2.6' });
    await t.throwsAsync(asking, code('server/netbsd'));
    t.deepEqual(own.peers(), []);
  }
  const host = rigOf({ mode: 'host' });
  const spare = { identity: { ...identity, mode: 'failover' as const }, host: '192.0.2.6', suitability };
  t.like(await host.known.paired(spare), { mode: 'failover' }, 'it is protected by nobody');
});

test('a pairing follows the modes of both; two of one kind are refused', async (t) => {
  const identity = { id: serverIdOf(6), name: 'Backup', mode: 'failover' as const, fingerprint: '6'.repeat(64) };
  const recording = rigOf({ mode: 'recording' });
  t.like(await recording.known.paired({ identity, host: '192.0.2.6' }), { watcher: true, watched: false });
  const failover = rigOf({ mode: 'failover' });
  await t.throwsAsync(failover.known.paired({ identity, host: undefined }), code('server/mode'));
  t.like(await failover.known.paired({ identity: { ...identity, mode: 'recording' }, host: undefined }), {
    watched: true,
  });
  await t.throwsAsync(
    failover.known.paired({ identity: { ...identity, id: OWN_ID }, host: undefined }),
    code('server/itself'),
  );
});

for (const [way, host] of [
  ['that it showed', undefined],
  ['that the host showed', '192.0.2.5'],
] as const)
  test(`a failover server that joins a host by a code ${way} is managed by it, and has nothing of it to back up`, async (t) => {
    const rig = rigOf({ mode: 'failover' });
    rig.backup = async () => {
      throw await Promise.resolve(new UnderstudyError('forbidden', 'peer/not-yours', 'It does not protect this one.'));
    };
    const identity = { id: serverIdOf(5), name: 'Head', mode: 'host' as const, fingerprint: '5'.repeat(64) };
    t.like(await rig.known.paired({ identity, host }), { watched: false, watcher: false, managesUs: true });
    await waitFor('the pairing to end', () => rig.entries.length > 0);
    t.deepEqual(
      rig.entries.map((entry) => entry.code),
      ['server-authorized'],
    );
    t.is(rig.peers().length, 1);
  });

test('who dialled in with a code is answered before it is connected; when it cannot be protected it is forgotten and told', async (t) => {
  const rig = rigOf();
  const identity = { id: serverIdOf(2), name: 'Hall', mode: 'recording' as const, fingerprint: '2'.repeat(64) };
  rig.reachable = false;
  const pairing = rig.known.paired({ identity, host: undefined });
  t.like(await pairing, { id: serverIdOf(2), watched: true }, 'it dials only after the answer');
  await waitFor('it is forgotten', () => rig.peers().length === 0);
  t.regex(rig.entries.at(-1)?.message ?? '', /Hall was paired by a code and is forgotten again: .*firewall/);
  rig.reachable = true;
  await rig.known.paired({ identity, host: undefined });
  await waitFor('it is authorized', () => rig.entries.at(-1)?.code === 'server-authorized');
  t.is(rig.peers().length, 1);
});

test('what is removed while it is waited for does not come back', async (t) => {
  const rig = rigOf();
  const identity = { id: serverIdOf(2), name: 'Hall', mode: 'recording' as const, fingerprint: '2'.repeat(64) };
  await rig.known.paired({ identity, host: undefined });
  await waitFor('it is authorized', () => rig.entries.at(-1)?.code === 'server-authorized');
  const { promise, reject } = Promise.withResolvers<void>();
  rig.backup = async () => await promise;
  await rig.known.paired({ identity, host: undefined });
  await rig.known.deauthorize(serverIdOf(2), 'anna', true);
  reject(new UnderstudyError('unavailable', 'peer/closed', 'gone'));
  await waitFor('the rest has failed', () => rig.entries.at(-1)?.message.includes('forgotten again'));
  t.deepEqual(rig.peers(), []);
});

test('a server that is paired anew by dialling in is still found where it was', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { watched: true })] });
  const identity = { id: serverIdOf(2), name: 'Hall', mode: 'recording' as const, fingerprint: '7'.repeat(64) };
  t.like(await rig.known.paired({ identity, host: undefined }), { host: '192.0.2.2', fingerprint: '7'.repeat(64) });
});

test('more servers than can be known are refused, and what was known stays', async (t) => {
  const peers = Array.from({ length: MAX_PEERS }, (_, index) => peerOf(index + 10));
  const rig = rigOf({ peers });
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code('settings/invalid'));
  t.is(rig.peers().length, MAX_PEERS);
});

test('whatever happens in whatever order, ids stay unique and one host at most manages', async (t) => {
  const plays: Promise<void>[] = [];
  forSeeds(40, (random, seed) => {
    const play = async (): Promise<void> => {
      const rig = rigOf({ mode: random.pick(['recording', 'failover', 'host']) });
      for (let turn = 0; turn < 30; turn += 1) {
        const n = random.int(1, 5);
        const mode = random.pick(['recording', 'failover', 'host'] as const);
        const peer = { id: serverIdOf(n), name: `S${n}`, mode, fingerprint: String(random.int(0, 9)).repeat(64) };
        rig.remote = remoteOf({ ...peer, admin: random.chance(0.9) });
        rig.reachable = random.chance(0.8);
        rig.covering = random.chance(0.2);
        rig.backup = async () =>
          await (random.chance(0.2) ? Promise.reject(new UnderstudyError('conflict', 'x', 'x')) : Promise.resolve());
        await random
          .pick([
            async () => await rig.known.add(REQUEST, 'u'),
            async () => await rig.known.introduce({ peer, role: random.pick(['protects', 'manages']) }, 'u'),
            async () => await rig.known.paired({ identity: peer, host: undefined }),
            async () => await rig.known.deauthorize(peer.id, 'u', true),
            async () => await rig.known.setEnabled(peer.id, random.chance(0.5), 'u'),
            async () => await rig.known.forgottenBy(peer.id),
          ])()
          .catch((error: unknown) => {
            if (!(error instanceof UnderstudyError)) throw error;
          });
        const ids = rig.peers().map(({ id }) => id);
        t.is(new Set(ids).size, ids.length, `seed ${seed}`);
        t.false(ids.includes(OWN_ID), `seed ${seed}`);
        t.true(rig.peers().filter(({ managesUs }) => managesUs).length <= 1, `seed ${seed}`);
      }
    };
    plays.push(play());
  });
  await Promise.all(plays);
});

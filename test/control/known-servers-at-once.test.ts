/** Records of servers that two people, or a person and this server, change at the same time. */
import test from 'ava';
import type { PeerRecord } from '../../src/site/peer.ts';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';
import { REQUEST, rigOf } from './known-servers-rig.ts';
import type { Rig } from './known-servers-rig.ts';

const ID = serverIdOf(2);
const WISH = { since: 7, cameras: 'keep', force: false, user: 'otto' } as const;
const { host: _host, httpPort: _port, ...ACCOUNT } = REQUEST;
const change = async ({ settings }: Rig, more: Partial<PeerRecord>): Promise<unknown> =>
  await settings.peers.update(({ peers }) => ({ peers: peers.map((peer) => ({ ...peer, ...more })) }));

test('disabling a server takes back nothing of what another one changes at that moment', async (t) => {
  const rig = rigOf({ mode: 'host', peers: [peerOf(2)] });
  await Promise.all([change(rig, { locked: true, detachPending: WISH }), rig.known.setEnabled(ID, false, 'anna')]);
  t.like(rig.known.find(ID), { locked: true, detachPending: WISH, enabled: false });
});

test('what others change while a server is authorized again stays, whether that fails or not', async (t) => {
  for (const fails of [true, false]) {
    const before = peerOf(2, { watched: true, receiptKey: 'its key', fingerprint: '5'.repeat(64) });
    const rig = rigOf({ peers: [before] });
    rig.backup = async () => {
      await change(rig, { enabled: false, detachPending: WISH, receiptKey: 'another key' });
      if (fails) throw new Error('no answer');
    };
    const authorizing = rig.known.authorize(ID, ACCOUNT, 'anna');
    if (!fails) t.like(await authorizing, { enabled: false, detachPending: WISH, fingerprint: '2'.repeat(64) });
    else {
      await t.throwsAsync(authorizing, { message: 'no answer' });
      t.deepEqual(
        rig.peers(),
        [{ ...before, enabled: false, detachPending: WISH }],
        'nobody vouched for the other key',
      );
    }
  }
});

test('a server that is to leave is still to leave after it was authorized again; a wish that is taken back stays so', async (t) => {
  const rig = rigOf({ peers: [peerOf(2, { detachPending: WISH })] });
  t.like(await rig.known.authorize(ID, ACCOUNT, 'anna'), { detachPending: WISH, watched: true });
  rig.backup = async () => {
    await rig.settings.peers.update(({ peers }) => ({
      peers: peers.map(({ detachPending: _wish, ...peer }) => peer),
    }));
    throw new Error('no answer');
  };
  await t.throwsAsync(rig.known.authorize(ID, ACCOUNT, 'anna'), { message: 'no answer' });
  t.is(rig.known.find(ID).detachPending, undefined);
});

test('who pairs anew by dialling in and cannot be protected is what it was before', async (t) => {
  const before = peerOf(2, { watched: true, fingerprint: '5'.repeat(64) });
  const rig = rigOf({ peers: [before] });
  const failed = Promise.withResolvers<void>();
  rig.backup = async () => {
    await change(rig, { locked: true });
    failed.resolve();
    throw new Error('no answer');
  };
  const identity = { id: ID, name: 'Hall', mode: 'recording' as const, fingerprint: '2'.repeat(64) };
  await rig.known.paired({ identity, host: undefined });
  await failed.promise;
  await rig.settings.peers.update((file) => file);
  await new Promise((done) => setImmediate(done));
  t.deepEqual(rig.peers(), [{ ...before, locked: true }]);
});

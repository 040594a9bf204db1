import test from 'ava';
import { createSigningKey } from '../../src/archive/signing-key.ts';
import { createReceiptKeys } from '../../src/compose/receipt-keys.ts';
import type { ReceiptKeys } from '../../src/compose/receipt-keys.ts';
import { silentLog } from '../../src/core/log.ts';
import type { PeerEvent, PeerStatus } from '../../src/peer/network-types.ts';
import type { SettingsFile } from '../../src/settings/settings-file.ts';
import type { PeersFile } from '../../src/settings/settings.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import type { PeerHello } from '../../src/wire/peer-protocol.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { waitFor } from '../support/wait-for.ts';

const R = serverIdOf(2);
const [ONE, OTHER] = [createSigningKey().publicKey, createSigningKey().publicKey];

type Bench = {
  readonly keys: ReceiptKeys;
  readonly peers: SettingsFile<PeersFile>;
  readonly alarms: readonly string[];
  readonly hello: (receiptKey: string) => void;
  readonly pinned: () => string | undefined;
};
function bench(records: readonly PeerRecord[]): Bench {
  const { peers } = memorySettings({ peers: records });
  const alarms: string[] = [];
  let listener: (event: PeerEvent) => void = () => undefined;
  let hello: PeerHello | undefined;
  const keys = createReceiptKeys(
    { settings: { peers }, activity: { record: ({ code }) => void alarms.push(code) }, log: silentLog },
    {
      listen: (given) => {
        listener = given;
        return () => undefined;
      },
      statusOf: () => ({ hello }) as PeerStatus,
    },
  );
  return {
    keys,
    peers,
    alarms,
    pinned: () => peers.get().peers.find(({ id }) => id === R)?.receiptKey,
    hello: (receiptKey) => {
      hello = { receiptKey } as PeerHello;
      listener({ kind: 'hello', peerId: R, hello } as PeerEvent);
    },
  };
}

test('the first key that a protected server tells is pinned; another one later is an alarm, told once, and not taken', async (t) => {
  const { keys, hello, pinned, alarms } = bench([peerOf(2, { watched: true })]);
  t.is(keys.keyOf(R), undefined);
  hello(ONE);
  t.is(keys.keyOf(R), ONE);
  await waitFor('the pin', () => pinned() === ONE);
  hello(OTHER);
  hello(OTHER);
  t.is(keys.keyOf(R), ONE);
  t.is(pinned(), ONE);
  t.deepEqual(alarms, ['receipt-key-changed']);
});

test('authorized again, it is taken with the key that it tells then', async (t) => {
  const { keys, peers, hello, pinned } = bench([peerOf(2, { watched: true, receiptKey: ONE })]);
  hello(OTHER);
  t.is(keys.keyOf(R), ONE);
  await peers.update(() => ({ peers: [peerOf(2, { watched: true })] }));
  t.is(keys.keyOf(R), OTHER, 'it is connected still');
  await waitFor('the pin', () => pinned() === OTHER);
});

test('nothing is pinned for servers that are not protected here', async (t) => {
  const { keys, hello, pinned } = bench([peerOf(2)]);
  hello(ONE);
  await Promise.resolve();
  t.is(keys.keyOf(R), undefined);
  t.is(pinned(), undefined);
});

test('a server that is protected no more is still owed what lies here: its key stays good', async (t) => {
  const { keys, hello, alarms } = bench([peerOf(2, { watched: false, receiptKey: ONE })]);
  t.is(keys.keyOf(R), ONE);
  hello(OTHER);
  await Promise.resolve();
  t.is(keys.keyOf(R), ONE);
  t.deepEqual(alarms, []);
});

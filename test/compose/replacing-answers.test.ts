/** Who puts this server in the place of another one, by the word of its host: for that one, with those settings, for a minute. */
import test from 'ava';
import { answerAdoptions } from '../../src/compose/replacing-answers.ts';
import type { FailoverParts } from '../../src/compose/failover-box.ts';
import type { Peers } from '../../src/compose/peer-set-up.ts';
import { durationMs } from '../../src/core/units.ts';
import type { PeerHandler } from '../../src/peer/network-types.ts';
import { adoptionHash } from '../../src/site/adoption.ts';
import { serverSettingsSchema } from '../../src/site/server-settings.ts';
import { revisionOf, settingsBackupSchema } from '../../src/site/settings-backup.ts';
import type { SettingsBackup } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { memoryFile, memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { z } from 'zod';

const [HOST, F, ORIGINAL] = [serverIdOf(3), serverIdOf(4), serverIdOf(5)];
const PEERS = [
  peerOf(3, { managesUs: true, mode: 'host' }),
  peerOf(4, { watcher: true, introduced: true, mode: 'failover' }),
];

type Rig = {
  readonly clock: FakeClock;
  readonly say: (from: string, method: string, params: unknown) => Promise<unknown>;
  readonly name: () => string;
};
function rigOf(): Rig {
  const memory = memorySettings({ mode: 'recording', peers: PEERS });
  const users = memoryFile(z.any(), { users: [], tokens: [] });
  const secrets = { get: () => undefined, set: async () => await Promise.resolve() };
  const clock = createFakeClock();
  const handlers = new Map<string, PeerHandler>();
  const parts = {
    clock,
    settings: { ...memory, users, secrets },
    recording: { order: () => undefined },
    activity: { record: () => undefined },
  };
  answerAdoptions(
    parts as unknown as FailoverParts,
    {
      network: { handle: (method: string, handler: PeerHandler) => handlers.set(method, handler) },
    } as unknown as Peers,
  );
  return {
    clock,
    name: () => memory.server.get().name,
    say: async (from, method, params) => {
      const record = PEERS.find(({ id }) => id === from);
      if (record === undefined) throw new Error(`no server ${from}`);
      const caller = { id: from, record, signal: new AbortController().signal };
      return await handlers.get(method)?.(caller, params, {} as never);
    },
  };
}
function adoptionOf(serverId: string, name: string): { readonly hash: string; readonly backup: SettingsBackup } {
  const settings: SettingsBackup['settings'] = {
    server: serverSettingsSchema.parse({ id: serverId, name, mode: 'recording', epoch: 7 }),
    cameras: [],
    volumes: [],
    users: [{ id: 'user-1', username: 'anna', role: 'owner', passwordHash: 'h', createdAt: 1 }],
    tokens: [],
    secrets: {},
  };
  const backup = settingsBackupSchema.parse({
    format: 1,
    serverId,
    name,
    version: '0.1.0',
    takenAt: 1,
    revision: revisionOf(settings),
    suitability: { platform: 'linux', frameGrabbers: [] },
    settings,
  });
  return { hash: adoptionHash(settings), backup };
}
const hall = { id: 'replacement-1', epoch: 513, ...adoptionOf(ORIGINAL, 'Hall') };
const named = { driver: F, serverId: ORIGINAL, hash: hall.hash };

test('whom the host names puts it in the place of that server', async (t) => {
  const rig = rigOf();
  await rig.say(HOST, 'site.successor', named);
  t.deepEqual(await rig.say(F, 'site.adopt', hall), { result: { hash: hall.hash } });
  t.is(rig.name(), 'Hall');
});

test('not in the place of another one, nor with other settings, nor later, nor by its own word', async (t) => {
  const rig = rigOf();
  const isRefused = async (params: unknown): Promise<void> => {
    await t.throwsAsync(async () => await rig.say(F, 'site.adopt', params), { code: 'peer/not-yours' });
    t.is(rig.name(), 'Own');
  };
  await t.throwsAsync(async () => await rig.say(F, 'site.successor', named), { code: 'peer/not-yours' });
  await isRefused(hall);
  await rig.say(HOST, 'site.successor', named);
  await isRefused({ ...hall, ...adoptionOf(serverIdOf(6), 'Hall') });
  await isRefused({ ...hall, ...adoptionOf(ORIGINAL, 'Forged') });
  for (const odd of [undefined, {}, { ...hall, backup: undefined }]) await isRefused(odd);
  await rig.clock.advance(durationMs(60_001));
  await isRefused(hall);
});

import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { createAddingApi } from '../../src/control/adding-api.ts';
import type { AddingApiDeps } from '../../src/control/adding-api.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { code } from './known-servers-rig.ts';

const PLACE = { host: 'hall.example', httpPort: 1, httpsFingerprint: 'e'.repeat(64) };
const REQUEST = { ...PLACE, username: 'olga', password: 'secret' };
const SERVER = { id: serverIdOf(2), name: 'Hall', mode: 'recording', version: '1.0.0', managed: 'off' };

type Answer = (method: string, path: string) => unknown;
function rigOf(answer: Answer = () => ({}), mode: 'host' | 'failover' = 'host', peers = [peerOf(2), peerOf(3)]) {
  const settings = memorySettings({ mode, peers });
  const entries: NewActivity[] = [];
  const asked: string[] = [];
  const rig = { connected: true, refusal: undefined as UnderstudyError | undefined };
  const api = createAddingApi({
    settings,
    known: {
      find: (id: string) => {
        const found = settings.peers.get().peers.find((peer) => peer.id === id);
        if (found === undefined) throw new UnderstudyError('not-found', 'server/unknown', 'unknown');
        return found;
      },
    } as AddingApiDeps['known'],
    version: '1.0.0',
    lookUp: async () => await Promise.resolve(['192.0.2.2']),
    fetchFingerprint: async () => await Promise.resolve(PLACE.httpsFingerprint),
    hintOf: async () => await Promise.resolve(undefined),
    isConnected: () => rig.connected,
    remoteApi: () => ({
      call: async (method, path, body) => {
        asked.push(`${method} ${path} ${JSON.stringify(body ?? {})}`);
        return await Promise.resolve(answer(method, path));
      },
    }),
    sendName: async (id, name) => {
      if (rig.refusal !== undefined) throw rig.refusal;
      asked.push(`${id} ${name}`);
      await Promise.resolve();
    },
    activity: { record: (entry) => entries.push(entry) },
    releaseForOthers: () => {
      throw new UnderstudyError('conflict', 'server/older', 'none is kept');
    },
    clock: createFakeClock(0),
  });
  const names = (): readonly string[] => settings.peers.get().peers.map(({ name }) => name);
  return Object.assign(rig, { api, settings, entries, asked, names });
}
const refused = (status: number): UnderstudyError =>
  new UnderstudyError('unavailable', 'api/refused', 'only the owner', { context: { status } });
const throwing =
  (at: string, error: Error): Answer =>
  (method, path) => {
    if (`${method} ${path}` === at) throw error;
    return path === '/server' ? SERVER : {};
  };

test('enabling signs in, allows it, signs out, and changes nothing else there', async (t) => {
  const rig = rigOf((_method, path) => (path === '/server' ? SERVER : {}));
  t.deepEqual(await rig.api.enable(REQUEST, 'anna'), { id: SERVER.id, name: 'Hall' });
  t.deepEqual(
    rig.asked.map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['POST /sessions', 'GET /server', 'PATCH /server/settings', 'DELETE /sessions/current?others=keep'],
  );
  t.true(rig.asked[2]?.endsWith('{"managed":"allowed"}'));
  t.like(rig.entries, [{ code: 'server-enabled', user: 'anna' }]);
  t.false(JSON.stringify(rig.entries).includes('secret'));
});

test('enabling with a wrong password, or the account of a mere administrator, says which it was', async (t) => {
  const enable = async (at: string, error: Error): Promise<unknown> =>
    await rigOf(throwing(at, error)).api.enable(REQUEST, 'anna');
  await t.throwsAsync(enable('POST /sessions', refused(401)), code('server/credentials'));
  const notOwner = { ...code('server/not-owner'), message: /only its owner/ };
  await t.throwsAsync(enable('PATCH /server/settings', refused(403)), notOwner);
  await t.throwsAsync(rigOf(() => ({})).api.enable(REQUEST, 'anna'), code('server/not-one'));
});

test('the host renames a server that is connected: there first, then here', async (t) => {
  const rig = rigOf();
  t.deepEqual(await rig.api.rename(serverIdOf(2), 'Yard', 'anna'), { id: serverIdOf(2), name: 'Yard' });
  t.deepEqual(rig.names(), ['Yard', 'Server 3']);
  t.like(rig.entries, [{ code: 'server-renamed', message: 'Server 2 is called Yard from now on.' }]);
  rig.refusal = new UnderstudyError('unavailable', 'peer/timeout', 'no answer');
  await t.throwsAsync(rig.api.rename(serverIdOf(2), 'Attic', 'anna'), code('peer/timeout'));
  t.deepEqual(rig.names(), ['Yard', 'Server 3'], 'what it did not take is not shown');
});

test('a name that is taken, a server that is away, unknown or none of ours is not renamed', async (t) => {
  const rig = rigOf();
  for (const name of ['Server 3', 'Own'])
    await t.throwsAsync(rig.api.rename(serverIdOf(2), name, 'anna'), code('server/name-taken'));
  await t.throwsAsync(rig.api.rename(serverIdOf(2), 'a/b', 'anna'), code('server/name'));
  await t.throwsAsync(rig.api.rename(serverIdOf(8), 'Yard', 'anna'), code('server/unknown'));
  rig.connected = false;
  await t.throwsAsync(rig.api.rename(serverIdOf(2), 'Yard', 'anna'), code('server/away'));
  const host: PeerRecord = peerOf(2, { managesUs: true });
  await t.throwsAsync(rigOf(undefined, 'host', [host]).api.rename(host.id, 'Yard', 'anna'), code('server/not-member'));
  await t.throwsAsync(
    rigOf(undefined, 'failover').api.rename(serverIdOf(2), 'Yard', 'anna'),
    code('server/not-member'),
  );
  t.deepEqual(rig.names(), ['Server 2', 'Server 3']);
  t.deepEqual(rig.asked, []);
});

test('its own name is no name that is taken', async (t) => {
  t.like(await rigOf().api.rename(serverIdOf(2), 'Server 2', 'anna'), { name: 'Server 2' });
});

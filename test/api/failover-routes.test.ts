/** `/servers`, `/peers`, `/failover`, `/incidents`, `/server/mode`: what is taken, what is refused and in which words. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { FailoverDeps } from '../../src/api/routes/failover.ts';
import { createIncidentsApi } from '../../src/control/incidents-api.ts';
import type { IncidentsApiDeps } from '../../src/control/incidents-api.ts';
import { createFailoverApi } from '../../src/control/failover-api.ts';
import { createPlacesCheck } from '../../src/control/failover-places.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { FailoverApiDeps } from '../../src/control/failover-api.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { Happening } from '../../src/failover/machine-types.ts';
import type { RestorationProgress } from '../../src/restoration/restoration-types.ts';
import { TIMEOUT_LIMITS } from '../../src/site/failover-settings.ts';
import { addUser, setUpOwner, startApi } from '../support/api-server.ts';
import type { Answer, Api } from '../support/api-server.ts';
import { AT, knownServerOf, SERVER_ID, takeoverOf } from '../support/known-server.ts';
import { memorySettings, peerOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const V1 = '/api/v1';
const HALL = { ...peerOf(11, { name: 'Hall', watched: true }), id: SERVER_ID };

type Bench = {
  readonly api: Api;
  readonly owner: string;
  readonly settings: MemorySettings;
  readonly told: Happening[];
  readonly cancelled: string[];
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer>;
};
const PROGRESS: RestorationProgress = {
  id: 'restoration-1',
  order: { serverId: SERVER_ID, streams: [], start: 0, end: 1, policy: 'return', transport: 'direct' },
  state: 'running',
  problem: undefined,
  startedAt: 1,
  finishedAt: undefined,
  files: { total: 8, received: 3, refused: 0 },
  bytes: { total: 80, received: 30 },
  seconds: { total: 80, received: 30, known: 0 },
  remaining: { files: 5, bytes: 50, seconds: 50 },
  bytesPerSecond: 10,
  etaMs: 5000,
};

/** The parts of control that answer `/failover`, with everything behind them made up. */
async function benchOf(t: ExecutionContext, more: Parameters<typeof startApi>[1] = {}): Promise<Bench> {
  const settings = memorySettings({ peers: [HALL] });
  const told: Happening[] = [];
  const cancelled: string[] = [];
  const incidents = {
    list: () => [],
    get: () => undefined,
    apply: () => undefined,
    stop: async () => await Promise.resolve(),
  };
  const failover = createFailoverApi({
    settings: { ...settings, secrets: { get: () => undefined } },
    incidents,
    incidentRoutes: createIncidentsApi({ settings, incidents, watchers: () => [] } as unknown as IncidentsApiDeps),
    restoration: {
      list: () => [PROGRESS],
      get: (id: string) => (id === PROGRESS.id ? PROGRESS : undefined),
      cancel: async (id: string) => {
        cancelled.push(id);
        await Promise.resolve();
      },
    },
    stateOf: () => undefined,
    tell: (serverId: string, happening: Happening) => {
      told.push(happening);
      return serverId === SERVER_ID;
    },
    epochOf: () => 1,
    settingsOf: () => undefined,
    lastFrameOf: () => undefined,
    planFor: () => ({ assigned: new Map(), notCovered: [] }),
    notCovered: () => [],
    checkPlaces: createPlacesCheck({ settings, clock: systemClock }),
    rehearsals: {
      probes: () => [],
      runProbes: async () => await Promise.resolve(),
      drills: () => [],
      startDrill: () => drill(),
    },
    activity: { record: () => undefined },
  } as unknown as FailoverApiDeps);
  const api = await startApi(t, { failover, ...more });
  const owner = await setUpOwner(api);
  const ask: Bench['ask'] = async (method, path, body) =>
    await api.call(method, `${V1}${path}`, { cookie: owner, ...(body === undefined ? {} : { body }) });
  return { api, owner, settings, told, cancelled, ask };
}
const drill = () => ({ id: 'drill-1', serverId: SERVER_ID, startedAt: AT, cameras: [] });

test('timeouts outside their limits are refused with the limits named; at the limits they are taken', async (t) => {
  const { ask, settings } = await benchOf(t);
  for (const [name, { min, max }] of Object.entries(TIMEOUT_LIMITS)) {
    for (const wrong of [min - 1, max + 1, min + 0.5, String(min), null]) {
      const refused = await ask('PATCH', '/failover/settings', { timeouts: { [name]: wrong } });
      t.is(refused.status, 422, `${name} ${wrong}`);
      t.regex(refused.json.detail, new RegExp(`timeouts\\.${name}: Expected ${min} to ${max} seconds`));
      t.is(refused.json.issues[0].path, `timeouts.${name}`);
    }
    for (const right of [min, max])
      t.is((await ask('PATCH', '/failover/settings', { timeouts: { [name]: right } })).json.timeouts[name], right);
  }
  t.is(settings.failover.get().timeouts.keepAlive, TIMEOUT_LIMITS.keepAlive.max);
});

test('a change leaves alone what it does not name, among the timeouts too', async (t) => {
  const { ask } = await benchOf(t);
  await ask('PATCH', '/failover/settings', { automaticRestore: false, timeouts: { started: 600 }, maxChannels: 16 });
  await ask('PATCH', '/failover/settings', { timeouts: { keepAlive: 45 }, serverAddress: 'backup.example' });
  const empty = await ask('PATCH', '/failover/settings', {});
  t.like(empty.json, { automaticRestore: false, maxChannels: 16, serverAddress: 'backup.example' });
  t.like(empty.json.timeouts, { started: 600, keepAlive: 45, connected: 300 });
  const cleared = await ask('PATCH', '/failover/settings', { serverAddress: null });
  t.false('serverAddress' in cleared.json);
  t.deepEqual((await ask('GET', '/failover/settings')).json, cleared.json);
});

test('keys and values that do not exist are refused by name, and change nothing', async (t) => {
  const { ask, settings } = await benchOf(t);
  const before = settings.failover.get();
  for (const [body, path] of [
    [{ automaticTakeOver: true }, 'automaticTakeOver'],
    [{ timeouts: { beat: 1 } }, 'timeouts.beat'],
    [{ dailyBackupAt: '24:00' }, 'dailyBackupAt'],
    [{ hotSeconds: 5 }, 'hotSeconds'],
    [{ maxChannels: 129 }, 'maxChannels'],
    [{ footagePolicy: 'delete' }, 'footagePolicy'],
    [{ automaticTakeover: null }, 'automaticTakeover'],
    [{ serverAddress: 'https://nas.example' }, 'serverAddress'],
    [{ backupDirectory: 'backups' }, 'backupDirectory'],
  ] as const) {
    const refused = await ask('PATCH', '/failover/settings', body);
    t.is(refused.status, 422);
    t.is(refused.json.issues[0].path, path);
  }
  t.deepEqual(settings.failover.get(), before);
});

test('places that are not there are refused in words, and nothing is changed', async (t) => {
  const { ask, settings } = await benchOf(t);
  const before = settings.failover.get();
  const gone = await ask('PATCH', '/failover/settings', { hotSeconds: 45, backupDirectory: '/no/such/folder' });
  t.is(gone.status, 422);
  t.is(gone.json.code, 'failover/directory');
  t.is((await ask('PATCH', '/failover/settings', { storeVolumeIds: ['v9'] })).json.code, 'failover/volume');
  t.deepEqual(settings.failover.get(), before);

  const share = { host: 'nas.example', share: 'footage', username: 'jan', volumeId: 'v9' };
  t.is((await ask('PUT', '/failover/return-share', { share })).json.code, 'failover/volume');
  for (const [change, path] of [
    [{ host: '\\\\nas\\footage' }, 'share.host'],
    [{ share: 'footage/hall' }, 'share.share'],
    [{ folder: '/hall' }, 'share.folder'],
    [{ folder: 'a\\b' }, 'share.folder'],
    [{ volumeFolder: '../../etc' }, 'share.volumeFolder'],
    [{ volumeFolder: 'a/..' }, 'share.volumeFolder'],
  ] as const) {
    const refused = await ask('PUT', '/failover/return-share', { share: { ...share, ...change } });
    t.is(refused.status, 422, JSON.stringify(change));
    t.is(refused.json.issues[0].path, path);
  }
  const dotted = { ...share, folder: 'a..b/..c', volumeFolder: 'returned/.hall' };
  t.is(
    (await ask('PUT', '/failover/return-share', { share: dotted })).json.code,
    'failover/volume',
    'the form is fine',
  );
  t.is(settings.server.get().returnShare, undefined);
});

test('a restoration ends only with the name of its server, and says before what would be lost', async (t) => {
  const { ask, cancelled } = await benchOf(t);
  for (const confirm of ['', 'hall', 'Hall ']) {
    const refused = await ask('POST', '/failover/restorations/restoration-1/stop', { confirm });
    t.is(refused.status, 422);
    t.is(refused.json.code, 'restoration/not-confirmed');
    t.regex(refused.json.detail, /5 files with 50 s of footage would be lost. Type the name Hall/);
  }
  t.is((await ask('POST', '/failover/restorations/restoration-1/stop', {})).status, 422);
  t.deepEqual(cancelled, []);
  t.is((await ask('POST', '/failover/restorations/other/stop', { confirm: 'Hall' })).json.code, 'restoration/unknown');
  t.is((await ask('POST', '/failover/restorations/restoration-1/stop', { confirm: 'Hall' })).status, 200);
  t.deepEqual(cancelled, ['restoration-1']);
});

test('only an owner may end a restoration, trust and pair; operators look, admins act', async (t) => {
  const { api } = await benchOf(t, { servers: { list: () => [knownServerOf()] } });
  const owner = (
    await api.call('POST', `${V1}/sessions`, { body: { username: 'olga', password: 'a long enough password' } })
  ).headers['set-cookie']?.[0]?.split(';')[0];
  const admin = await addUser(api, owner ?? '', 'admin');
  const operator = await addUser(api, owner ?? '', 'operator');
  const stop = { body: { confirm: 'Hall' }, cookie: admin };
  t.is((await api.call('POST', `${V1}/failover/restorations/restoration-1/stop`, stop)).status, 403);
  t.is((await api.call('POST', `${V1}/servers/pairing-code`, { cookie: admin })).status, 403);
  t.is((await api.call('GET', `${V1}/servers`, { cookie: operator })).status, 200);
  const takeover = { body: { serverId: SERVER_ID }, cookie: operator };
  t.is((await api.call('POST', `${V1}/failover/takeovers`, takeover)).status, 403);
  t.is((await api.call('PATCH', `${V1}/failover/settings`, { body: {}, cookie: operator })).status, 403);
});

test('a takeover of a server that is not protected here is refused, and of one without streams told', async (t) => {
  const { ask, told } = await benchOf(t);
  t.is((await ask('POST', '/failover/takeovers', { serverId: 'unknown' })).json.code, 'server/unknown');
  const nothing = await ask('POST', '/failover/takeovers', { serverId: SERVER_ID });
  t.like(nothing, { status: 409, json: { code: 'takeover/nothing' } });
  t.deepEqual(told.at(-1), { kind: 'take-over' });
  t.is((await ask('POST', '/failover/takeovers/none/restore')).status, 404);
  t.is((await ask('GET', '/incidents/none/report')).json.code, 'incident/unknown');
});

test('a plan can be asked for what if, with at least one server and not without bound', async (t) => {
  const { ask, api, owner } = await benchOf(t);
  t.deepEqual((await ask('GET', '/failover/plan')).json.servers, [{ serverId: SERVER_ID, name: 'Hall', cameras: [] }]);
  const { etag = '' } = (await ask('GET', '/failover/plan')).headers;
  const again = await api.call('GET', `${V1}/failover/plan`, {
    cookie: owner,
    headers: { 'if-none-match': etag },
  });
  t.deepEqual([again.status, again.text], [304, ''], 'a plan of thousands of cameras is asked for every few seconds');
  t.is((await ask('POST', '/failover/plan/simulate', { failed: [] })).status, 422);
  const many = Array.from({ length: 257 }, (_, index) => `server-${index}`);
  t.is((await ask('POST', '/failover/plan/simulate', { failed: many })).status, 422);
  t.is((await ask('POST', '/failover/plan/simulate', { failed: [SERVER_ID] })).status, 200);
});

test('a server is added with a confirmed certificate only, and its password comes back nowhere', async (t) => {
  const added: unknown[] = [];
  const { ask, api } = await benchOf(t, {
    servers: {
      add: async (request) => {
        added.push(request);
        if (request.password === 'a secret word') return await Promise.resolve(knownServerOf());
        throw new UnderstudyError('invalid', 'server/credentials', 'No such user with this password.');
      },
    },
  });
  const account = { host: '192.0.2.7', username: 'olga', password: 'a secret word' };
  for (const [body, path] of [
    [account, 'httpsFingerprint'],
    [{ ...account, httpsFingerprint: 'A'.repeat(64) }, 'httpsFingerprint'],
    [{ ...account, httpsFingerprint: 'a'.repeat(64), httpPort: 0 }, 'httpPort'],
    [{ ...account, httpsFingerprint: 'a'.repeat(64), trust: 'yes' }, 'trust'],
    [{ ...account, httpsFingerprint: 'a'.repeat(64), host: '' }, 'host'],
  ] as const) {
    const refused = await ask('POST', '/servers', body);
    t.is(refused.status, 422);
    t.is(refused.json.issues[0].path, path);
    t.false(refused.text.includes('a secret word'));
  }
  t.deepEqual(added, []);
  const good = await ask('POST', '/servers', { ...account, httpsFingerprint: 'a'.repeat(64) });
  t.like(good, { status: 201, json: { id: SERVER_ID, name: 'Hall' } });
  t.like(added[0], { httpPort: 51_443 });
  const wrong = await ask('POST', '/servers', { ...account, password: 'wrong one', httpsFingerprint: 'a'.repeat(64) });
  t.like(wrong, { status: 422, json: { code: 'server/credentials' } });
  t.false(api.lines.join('\n').includes('a secret word'));
});

test('an introduction with an identity that cannot be one is refused before anybody is trusted', async (t) => {
  const introduced: unknown[] = [];
  const peer = { id: SERVER_ID, name: 'Backup', mode: 'failover', fingerprint: 'a'.repeat(64) };
  const { ask } = await benchOf(t, {
    servers: {
      introduce: async (request) => {
        introduced.push(request);
        return await Promise.resolve({ ...peer, mode: 'recording' as const });
      },
    },
  });
  const random = createRandom(9);
  const odd = [
    { ...peer, id: 'me' },
    { ...peer, id: '../../etc' },
    { ...peer, name: '' },
    { ...peer, name: 'two\nlines' },
    { ...peer, mode: 'owner' },
    { ...peer, fingerprint: 'zz' },
    { ...peer, peerPort: 70_000 },
    { ...peer, watched: true },
    ...Array.from({ length: 20 }, () => Buffer.from(random.bytes(20)).toString('base64')),
  ];
  for (const one of odd) t.is((await ask('POST', '/peers', { peer: one, role: 'protects' })).status, 422);
  t.is((await ask('POST', '/peers', { peer, role: 'owns' })).status, 422);
  t.deepEqual(introduced, []);
  t.is((await ask('POST', '/peers', { peer, role: 'protects' })).json.mode, 'recording');
});

test('an administrator lets a failover server protect this one; only its owner lets a host manage it', async (t) => {
  const introduced: string[] = [];
  const peer = { id: SERVER_ID, name: 'Site', mode: 'host', fingerprint: 'a'.repeat(64) } as const;
  const { api, owner, ask } = await benchOf(t, {
    servers: {
      introduce: async ({ role }, user) => {
        introduced.push(`${user} ${role}`);
        return await Promise.resolve(peer);
      },
    },
  });
  const cookie = await addUser(api, owner, 'admin');
  const introduce = async (role: string): Promise<Answer> =>
    await api.call('POST', `${V1}/peers`, { cookie, body: { peer, role } });
  t.like(await introduce('manages'), { status: 403, json: { code: 'auth/role' } });
  t.deepEqual(introduced, []);
  t.is((await introduce('protects')).status, 200);
  t.is((await ask('POST', '/peers', { peer, role: 'manages' })).status, 200);
  t.deepEqual(
    introduced.map((line) => line.split(' ')[1]),
    ['protects', 'manages'],
  );
});

test('lists are paged', async (t) => {
  const { ask } = await benchOf(t, {
    servers: { list: () => Array.from({ length: 5 }, (_, n) => knownServerOf({ id: `s-${n}` })) },
    failover: { takeovers: () => [takeoverOf(), takeoverOf({ id: 'incident-0' })] },
  });
  const first = (await ask('GET', '/servers?limit=2')).json;
  t.deepEqual(
    first.items.map(({ id }: { id: string }) => id),
    ['s-0', 's-1'],
  );
  const second = (await ask('GET', `/servers?limit=2&cursor=${encodeURIComponent(first.next)}`)).json;
  t.deepEqual(
    second.items.map(({ id }: { id: string }) => id),
    ['s-2', 's-3'],
  );
  t.is((await ask('GET', '/failover/takeovers?limit=1')).json.items.length, 1);
  t.is((await ask('GET', '/servers?limit=0')).status, 422);
  t.is((await ask('GET', '/servers?colour=red')).status, 422);
});

test('a search on the LAN and a pairing keep to their bounds', async (t) => {
  const asked: unknown[] = [];
  const { ask } = await benchOf(t, {
    servers: {
      search: async (seconds) => {
        asked.push(seconds);
        return await Promise.resolve([]);
      },
      pair: async (request) => {
        asked.push(request);
        return await Promise.resolve(knownServerOf());
      },
    },
  });
  t.is((await ask('POST', '/servers/search', { seconds: 11 })).status, 422);
  t.is((await ask('POST', '/servers/search', {})).status, 200);
  t.is((await ask('POST', '/servers/pair', { host: 'h', code: 'short' })).status, 422);
  t.is((await ask('POST', '/servers/pair', { host: 'h', code: 'ABCD-EFGH-JKLM' })).status, 201);
  t.deepEqual(asked, [2, { host: 'h', peerPort: 51_410, code: 'ABCD-EFGH-JKLM' }]);
});

test('the mode changes at run time; what would end something is refused until its name confirms it', async (t) => {
  const { ask, api } = await benchOf(t, {
    beforeModeChange: (mode, confirm) => {
      if (mode === 'failover' && confirm !== 'Test')
        throw new UnderstudyError('conflict', 'failover/covering', 'This server covers Hall. Confirm with its name.');
    },
  });
  t.is((await ask('PUT', '/server/mode', { mode: 'standby' })).status, 422);
  t.is((await ask('PUT', '/server/mode', { mode: 'host', force: true })).status, 422);
  const refused = await ask('PUT', '/server/mode', { mode: 'failover' });
  t.like(refused, { status: 409, json: { code: 'failover/covering' } });
  t.is(api.settings.server.get().mode, 'recording');
  const name = api.settings.server.get().name;
  t.like((await ask('PUT', '/server/mode', { mode: 'failover', confirm: name })).json, {
    mode: name === 'Test' ? 'failover' : undefined,
  });
  const before = api.entries.length;
  t.is((await ask('PUT', '/server/mode', { mode: 'failover' })).status, 200, 'the mode it has needs no confirmation');
  t.is(api.entries.length, before);
});

test('takeovers are listed all, only those that run, or only those that are over', async (t) => {
  const all = [takeoverOf(), takeoverOf({ id: 'incident-2', state: 'ended' }), takeoverOf({ id: 'incident-3' })];
  const failover = { takeovers: () => all } as unknown as FailoverDeps;
  const { ask } = await benchOf(t, { failover });
  const ids = async (query: string): Promise<readonly string[]> =>
    (await ask('GET', `/failover/takeovers${query}`)).json.items.map(({ id }: { readonly id: string }) => id);
  t.deepEqual(await ids(''), ['incident-1', 'incident-2', 'incident-3']);
  t.deepEqual(await ids('?state=running'), ['incident-1', 'incident-3']);
  t.deepEqual(await ids('?state=ended'), ['incident-2']);
  t.is((await ask('GET', '/failover/takeovers?state=open')).status, 422);
});

test('a restoration tells what would be deleted if it were stopped', async (t) => {
  const { ask } = await benchOf(t);
  const [restoration] = (await ask('GET', '/failover/restorations')).json.items;
  t.deepEqual(restoration.remaining, { files: 5, bytes: 50, seconds: 50 });
});

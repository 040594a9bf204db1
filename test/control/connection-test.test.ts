import test from 'ava';
import { testServerResult } from '../../src/api/contract/adding.ts';
import type { TestServerResult } from '../../src/api/contract/adding.ts';
import { testConnection } from '../../src/control/connection-test.ts';
import type { OwnSide } from '../../src/control/connection-checks.ts';
import type { ConnectionTestDeps } from '../../src/control/connection-test.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const SHOWN = 'c'.repeat(64);
const NOW = Date.parse('2026-11-22T02:00:00.000Z');
const ACCOUNT = { httpsFingerprint: SHOWN, username: 'olga', password: 'never to be seen' };
const PLACE = { host: 'hall.example', httpPort: 51_443 };
const REMOTE = {
  id: serverIdOf(2),
  name: 'Hall',
  mode: 'recording',
  version: '1.2.0',
  managed: 'allowed',
  platform: { os: 'Linux 6.1', arch: 'x64', node: 'v24', model: 'DS1522+', frameGrabbers: [] },
  site: { kind: 'undefined', locked: false },
  now: '2026-11-22T02:00:00.500Z',
};

type Answers = Readonly<Record<string, unknown>>;
type Rig = ConnectionTestDeps & { readonly asked: string[] };
const refused = (status: number, message = 'no'): UnderstudyError =>
  new UnderstudyError('unavailable', 'api/refused', message, { context: { status } });

/** What is not given is as it should be; an error is thrown. */
function rigOf(answers: Answers = {}, more: Partial<ConnectionTestDeps> = {}): Rig {
  const all: Answers = {
    '/setup': { needed: false, serverName: 'Hall', version: '1.2.0', fingerprint: SHOWN },
    '/sessions': { user: { id: 'u', username: 'olga', role: 'owner' }, expiresAt: 'later' },
    '/server': REMOTE,
    ...answers,
  };
  const asked: string[] = [];
  return {
    asked,
    lookUp: async () => await Promise.resolve(['192.0.2.2']),
    fetchFingerprint: async () => await Promise.resolve(SHOWN),
    hintOf: async () => await Promise.resolve(undefined),
    own: () => ({ id: OWN_ID, mode: 'host', version: '1.2.0', siteId: OWN_ID, knownIds: [] }),
    clock: { now: () => NOW as never },
    remoteApi: ({ fingerprint }) => ({
      call: async (method, path, body) => {
        asked.push(`${method} ${path} ${fingerprint === SHOWN} ${JSON.stringify(body ?? {})}`);
        const answer = all[path];
        if (answer instanceof Error) throw answer;
        return await Promise.resolve(answer);
      },
    }),
    ...more,
  };
}
const lines = ({ checks }: TestServerResult): readonly string[] =>
  checks.map(({ name, ok, code }) => `${name}${ok ? '' : ` failed${code === undefined ? '' : ` ${code}`}`}`);
const failures = (result: TestServerResult): readonly string[] =>
  lines(result).filter((line) => line.includes('failed'));

test('a server that can be added passes every check, and tells what it is', async (t) => {
  const rig = rigOf();
  const result = await testConnection(rig, { ...PLACE, ...ACCOUNT });
  t.deepEqual(
    lines(result).join(' '),
    'resolve port certificate service version credentials role mode known managed site suitability clock',
  );
  t.deepEqual(result.server, {
    id: serverIdOf(2),
    name: 'Hall',
    mode: 'recording',
    version: '1.2.0',
    model: 'DS1522+',
  });
  t.false(JSON.stringify(result).includes(ACCOUNT.password));
  t.deepEqual(
    rig.asked.map((line) => line.split(' ').slice(0, 3).join(' ')),
    ['GET /setup true', 'POST /sessions true', 'GET /server true', 'DELETE /sessions/current?others=keep true'],
    'nothing is changed there',
  );
  testServerResult.parse(result);
});

test('without an account no secret is asked for: who it is stands there nevertheless', async (t) => {
  const rig = rigOf({}, { hintOf: async () => await Promise.resolve({ name: 'Hall' }) });
  const result = await testConnection(rig, PLACE);
  t.is(lines(result).join(' '), 'resolve port certificate lan service version');
  t.is(result.httpsFingerprint, SHOWN);
  t.deepEqual(rig.asked, ['GET /setup true {}']);
});

test('a name without address, and a port without answer, end the test with that check', async (t) => {
  const gone = async (): Promise<never> => await Promise.reject(new Error('ENOTFOUND'));
  t.deepEqual(lines(await testConnection(rigOf({}, { lookUp: gone }), PLACE)), ['resolve failed server/no-name']);
  const silent = async (): Promise<never> =>
    await Promise.reject(new UnderstudyError('unavailable', 'server/no-answer', 'Nothing answers.'));
  const result = await testConnection(rigOf({}, { fetchFingerprint: silent, lookUp: gone }), {
    ...PLACE,
    host: '[2001:db8::1]',
  });
  t.deepEqual(lines(result), ['resolve', 'port failed server/no-answer']);
});

test('another certificate than the confirmed one hears nothing at all', async (t) => {
  const rig = rigOf();
  const result = await testConnection(rig, { ...PLACE, ...ACCOUNT, httpsFingerprint: 'd'.repeat(64) });
  t.deepEqual(failures(result), ['certificate failed server/fingerprint']);
  t.deepEqual(rig.asked, []);
});

test('what answers as something else, or has no owner yet, is told apart and gets no password', async (t) => {
  for (const [answer, code] of [
    [new UnderstudyError('protocol', 'api/answer', 'no JSON'), 'server/not-one'],
    [{ hello: 'world' }, 'server/not-one'],
    [{ needed: true, serverName: 'Hall', version: '1.2.0' }, 'server/not-set-up'],
  ] as const) {
    const rig = rigOf({ '/setup': answer });
    t.deepEqual(failures(await testConnection(rig, { ...PLACE, ...ACCOUNT })), [`service failed ${code}`]);
    t.false(rig.asked.join().includes(ACCOUNT.password));
  }
});

test('each refusal of an account has its own check and code', async (t) => {
  const viewer = { user: { role: 'operator' } };
  for (const [answer, wanted] of [
    [refused(401), ['credentials failed server/credentials']],
    [refused(429, 'wait 8 s'), ['credentials failed server/attempts']],
    [new UnderstudyError('unavailable', 'api/unreachable', 'gone'), ['credentials failed server/no-answer']],
    [{ odd: true }, ['credentials failed server/no-answer']],
    [viewer, ['role failed server/not-owner']],
  ] as const) {
    const result = await testConnection(rigOf({ '/sessions': answer }), { ...PLACE, ...ACCOUNT });
    t.deepEqual(failures(result), wanted);
    t.false(JSON.stringify(result).includes(ACCOUNT.password));
  }
});

test('an administrator’s account is enough to protect a server, not to manage it', async (t) => {
  const admin = { '/sessions': { user: { role: 'admin' } } };
  const asHost = await testConnection(rigOf(admin), { ...PLACE, ...ACCOUNT });
  t.deepEqual(failures(asHost), ['role failed server/not-owner']);
  t.regex(asHost.checks.find(({ name }) => name === 'role')?.detail ?? '', /olga is an admin there: .*its owner/);
  const own = (): OwnSide => ({ ...rigOf().own(), mode: 'failover', siteId: undefined });
  t.deepEqual(failures(await testConnection(rigOf(admin, { own }), { ...PLACE, ...ACCOUNT })), []);
  const operator = { '/sessions': { user: { role: 'operator' } } };
  const asFailover = await testConnection(rigOf(operator, { own }), { ...PLACE, ...ACCOUNT });
  t.deepEqual(failures(asFailover), ['role failed server/not-admin']);
});

const judged = test.macro<[more: object, wanted: readonly string[], own?: object]>({
  title: (given) => `checked: ${given}`,
  exec: async (t, more, wanted, own = {}) => {
    const side = rigOf().own();
    const answers = { '/server': { ...REMOTE, ...more }, '/setup': { needed: false, serverName: 'Hall', ...more } };
    const setup = { version: REMOTE.version, ...answers['/setup'] };
    const rig = rigOf({ ...answers, '/setup': setup }, { own: () => ({ ...side, ...own }) });
    t.deepEqual(failures(await testConnection(rig, { ...PLACE, ...ACCOUNT })), wanted);
  },
});
const foreign = { site: { kind: 'member', host: { id: serverIdOf(9), name: 'Other' }, locked: false } };
const grabber = { platform: { ...REMOTE.platform, frameGrabbers: ['109e:036e at 0000:03:00.0'] } };
test('this server itself', judged, { id: OWN_ID }, ['known failed server/itself']);
test('one that is known', judged, {}, ['known failed server/known'], { knownIds: [serverIdOf(2)] });
test('a second host', judged, { mode: 'host' }, ['mode failed server/mode']);
test('from a recording server', judged, {}, ['mode failed server/mode'], { mode: 'recording', siteId: undefined });
test('CMS off, to a host', judged, { managed: 'off' }, ['managed failed server/cms-off']);
test('CMS off, to a failover server', judged, { managed: 'off' }, ['managed failed'], { mode: 'failover' });
test('of another site', judged, foreign, ['site failed server/foreign']);
test('of this site, forgotten here', judged, { site: { kind: 'member', host: { id: OWN_ID, name: 'Us' } } }, []);
const acting = { mode: 'failover', site: { kind: 'host', locked: false } };
test('the host of another site by its role', judged, acting, ['site failed server/foreign']);
test('to no site', judged, { ...acting, mode: 'recording' }, ['site failed'], { mode: 'failover', siteId: undefined });
test('our own host by its role', judged, { ...acting, mode: 'recording' }, [], { mode: 'failover', siteId: REMOTE.id });
test('older than the host', judged, { version: '1.1.9' }, ['version failed server/older']);
test('newer than the host', judged, { version: '1.3.0' }, []);
test('older than a failover server', judged, { version: '1.1.9' }, [], { mode: 'failover' });
test('NetBSD', judged, { platform: { os: 'NetBSD 10.0' } }, ['suitability failed server/netbsd']);
test('a frame grabber', judged, grabber, ['suitability failed server/frame-grabber']);
test('a frame grabber in a failover server', judged, { ...grabber, mode: 'failover' }, []);
test('a clock that is off does not keep it out', judged, { now: '2026-11-22T02:00:03.000Z' }, ['clock failed']);
test('a release that says little of itself', judged, { platform: undefined, managed: undefined, site: undefined }, []);
test('no server id', judged, { id: 'x' }, ['mode failed server/not-one']);

test('whatever the other side answers, the result is one that the API may give', async (t) => {
  const odd = [
    null,
    undefined,
    7,
    '',
    [],
    {},
    'x'.repeat(9999),
    REMOTE,
    { user: {} },
    { ...REMOTE, name: '\u001B[2J' },
  ];
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = createRandom(seed);
    const answers = Object.fromEntries(
      ['/setup', '/sessions', '/server'].filter(() => random.chance(0.5)).map((path) => [path, random.pick(odd)]),
    );
    const result = await testConnection(rigOf(answers), { ...PLACE, ...ACCOUNT });
    t.notThrows(() => testServerResult.parse(result), `seed ${seed}`);
  }
});

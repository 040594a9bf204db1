import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { withSeats } from '../../src/control/camera-seats.ts';
import { openLicences } from '../../src/control/licences.ts';
import type { Licences } from '../../src/control/licences.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { MAX_LICENCES, plainLicence } from '../../src/site/licence.ts';
import type { Issuer } from '../../src/site/licence.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { cameraOf, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

const ISSUER = createIssuer();
const STRANGER = createIssuer();
const DAY = 86_400_000;
/** The fake clock begins on 2026-01-01. */
const NEXT_WEEK = '2026-01-08T00:00:00Z';
const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Head' });
const SPARES = [peerOf(4, { mode: 'failover' }), peerOf(5, { mode: 'failover' }), peerOf(6, { mode: 'failover' })];
const RECORDERS = [peerOf(2), peerOf(3)];

type Rig = {
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly entries: NewActivity[];
  licences: Licences;
  issuers: readonly Issuer[];
  turned: number;
  readonly add: (text: string, serverId?: string) => Promise<string>;
  /** The process ends and begins anew, over the same files. */
  readonly restart: (monotonic?: number) => Promise<void>;
};
async function rigOf(given: Parameters<typeof memorySettings>[0] = {}): Promise<Rig> {
  const settings = memorySettings(given);
  const clock = createFakeClock();
  const entries: NewActivity[] = [];
  const rig = { settings, clock, entries, issuers: [ISSUER] as readonly Issuer[], turned: 0 };
  const open = async (): Promise<Licences> =>
    await openLicences({
      settings,
      readIssuers: async () => await Promise.resolve(rig.issuers),
      activity: { record: (entry) => entries.push(entry) },
      clock,
      log: silentLog,
    });
  const whole: Rig = Object.assign(rig, {
    licences: await open(),
    add: async (licence: string, serverId?: string) =>
      (await apiOf(whole).add({ licence, ...(serverId === undefined ? {} : { serverId }) }, 'olga')).id,
    restart: async () => {
      await whole.licences.stop();
      whole.licences = await open();
      whole.licences.onTurn(() => (whole.turned += 1));
    },
  });
  whole.licences.onTurn(() => (whole.turned += 1));
  return whole;
}
const apiOf = ({ licences }: Rig) => licences.api({ covered: (id) => (id === serverIdOf(4) ? 2 : undefined) });
const seatsOf = ({ licences }: Rig, ...digits: readonly number[]): readonly number[] =>
  digits.map((digit) => licences.coverSeatsOf(serverIdOf(digit)));
async function refused(t: ExecutionContext, work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(work, { instanceOf: UnderstudyError, code });
  t.regex(error?.message ?? '', message);
}

test('without a licence nothing is limited', async (t) => {
  const rig = await rigOf({ mode: 'host', peers: [...SPARES, ...RECORDERS] });
  t.deepEqual(seatsOf(rig, 1, 4, 5, 6), [Infinity, Infinity, Infinity, Infinity]);
  t.true([...rig.licences.cameraSeats().values()].every((seats) => seats === Infinity));
  const { items, covering } = apiOf(rig).list();
  t.deepEqual(items, []);
  t.deepEqual(covering[0], { serverId: serverIdOf(4), name: 'Server 4', used: 2 });
  t.deepEqual(rig.licences.healthItems(), []);
});

test('a failover server that stands alone has all seats of its own licence', async (t) => {
  const rig = await rigOf({ mode: 'failover', peers: RECORDERS });
  await rig.add(licenceOf(ISSUER));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
  t.like(rig.entries.at(-1), { code: 'licence-added', user: 'olga' });
});

test('the 90 of a site are 30 for each of its three failover servers, and its members are told', async (t) => {
  const rig = await rigOf({ mode: 'host', peers: [...SPARES, ...RECORDERS] });
  await rig.add(licenceOf(ISSUER));
  t.deepEqual(seatsOf(rig, 4, 5, 6), [30, 30, 30]);
  const told = rig.licences.forMember(serverIdOf(4));
  t.deepEqual(told?.failoverServers, [4, 5, 6].map(serverIdOf));
  t.deepEqual(told?.licences, [{ text: licenceOf(ISSUER) }]);
  t.is(told?.cameraSeats, undefined);
  t.deepEqual(
    apiOf(rig)
      .list()
      .covering.map(({ seats }) => seats),
    [30, 30, 30],
  );
});

test('a failover server that is disabled or on its way out has no share; the others have it', async (t) => {
  const [first = peerOf(4), ...rest] = SPARES;
  const rig = await rigOf({ mode: 'host', peers: [{ ...first, enabled: false }, ...rest] });
  await rig.add(licenceOf(ISSUER));
  t.deepEqual(seatsOf(rig, 4, 5, 6), [0, 45, 45]);
});

const LATER = { issuedAt: '2026-01-01T00:00:01Z' };
const altered = (text: string): string => {
  const [head, , signature] = text.split('.');
  const terms = licenceOf(ISSUER, { seats: { coveredCameras: 9000 } }).split('.')[1];
  return [head, terms, signature].join('.');
};
for (const [what, text, code, message] of [
  ['that was changed', altered(licenceOf(ISSUER)), 'licence/signature', /was changed after the issuer/],
  ['of a stranger', licenceOf(STRANGER), 'licence/issuer', new RegExp(`key ${STRANGER.keyId}.*only ${ISSUER.keyId}`)],
  [
    'that has expired',
    licenceOf(ISSUER, { expiresAt: '2025-12-31T00:00:00Z' }),
    'licence/expired',
    /expired on 2025-12-31/,
  ],
  ['that is none', 'hello', 'licence/format', /no licence file/],
  ['that is a picture', '\u0089PNG\r\n\u001A\n'.repeat(99), 'licence/format', /no licence file/],
] as const)
  test(`a licence ${what} is refused, and nothing is changed`, async (t) => {
    const rig = await rigOf();
    await rig.add(licenceOf(ISSUER, { id: 'good', seats: { coveredCameras: 7 } }));
    const before = rig.settings.licences.get();
    await refused(t, rig.add(text), code, message);
    t.deepEqual(rig.settings.licences.get(), before);
    t.is(rig.licences.coverSeatsOf(OWN_ID), 7);
  });

test('the same licence twice is refused, however it is wrapped; one that was issued later takes its place', async (t) => {
  const rig = await rigOf();
  const text = licenceOf(ISSUER);
  await rig.add(text);
  await refused(t, rig.add(`\uFEFF${text.replaceAll(/(.{40})/g, '$1\r\n')}`), 'licence/known', /is here already/);
  await rig.add(licenceOf(ISSUER, { ...LATER, seats: { coveredCameras: 5 } }));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 5);
  await refused(t, rig.add(text), 'licence/known', /issued later/);
  t.is(rig.settings.licences.get().licences.length, 1);
});

test('there is a bound on licences, and a licence for a server that nobody knows is refused', async (t) => {
  const rig = await rigOf();
  await refused(t, rig.add(licenceOf(ISSUER), serverIdOf(77)), 'server/unknown', /No server/);
  for (let index = 0; index < MAX_LICENCES; index += 1) await rig.add(licenceOf(ISSUER, { id: `l-${index}` }));
  await refused(t, rig.add(licenceOf(ISSUER)), 'licence/too-many', /remove those that have expired/);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90 * MAX_LICENCES);
});

test("an issuer whose key is put there later counts from then on, and one whose key is taken away doesn't after a restart", async (t) => {
  const rig = await rigOf();
  const text = licenceOf(STRANGER, { id: 'late' });
  await refused(t, rig.add(text), 'licence/issuer', /licence-issuers\.pem/);
  rig.issuers = [ISSUER, STRANGER];
  t.is(await rig.add(text), 'late');
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
  rig.issuers = [ISSUER];
  await rig.restart();
  t.is(rig.licences.coverSeatsOf(OWN_ID), Infinity, 'what is not believed neither gives nor takes');
  t.like(rig.licences.healthItems()[0], { code: 'licence-untrusted', severity: 'error' });
});

test('before it expires people are warned; when it does, it is told once, its seats are gone and the listing says so', async (t) => {
  const rig = await rigOf();
  await rig.add(licenceOf(ISSUER, { expiresAt: NEXT_WEEK }));
  t.like(rig.licences.healthItems()[0], { code: 'licence-expires', severity: 'warning' });
  await rig.clock.advance(7 * DAY - 10_000);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
  await rig.clock.advance(10_000);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 0);
  await rig.clock.advance(DAY);
  t.is(rig.entries.filter(({ code }) => code === 'licence-expired').length, 1);
  t.is(rig.turned, 1);
  t.like(rig.licences.healthItems()[0], { code: 'licence-expired', severity: 'error' });
  t.is(apiOf(rig).list().items[0]?.state, 'expired');
  await apiOf(rig).remove('licence-1', 'olga');
  t.is(rig.licences.coverSeatsOf(OWN_ID), Infinity);
  t.deepEqual(rig.licences.healthItems(), []);
});

test('one that begins later counts from then on, and that is told', async (t) => {
  const rig = await rigOf();
  await rig.add(licenceOf(ISSUER, { validFrom: NEXT_WEEK }));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 0);
  await rig.clock.advance(7 * DAY);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
  t.is(rig.entries.filter(({ code }) => code === 'licence-in-force').length, 1);
});

test('a clock that is set back revives no expired licence, not even over a restart, and takes none away', async (t) => {
  const rig = await rigOf();
  await rig.add(licenceOf(ISSUER, { id: 'week', expiresAt: NEXT_WEEK }));
  await rig.add(licenceOf(ISSUER, { id: 'later', validFrom: NEXT_WEEK, seats: { coveredCameras: 4 } }));
  await rig.clock.advance(8 * DAY);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 4);
  rig.clock.stepWall(-8 * DAY);
  await rig.clock.advance(60_000);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 4);
  rig.clock.stepWall(-50 * 365 * DAY);
  await rig.restart();
  t.is(rig.licences.coverSeatsOf(OWN_ID), 4);
  await refused(
    t,
    rig.add(licenceOf(ISSUER, { ...LATER, id: 'week', expiresAt: NEXT_WEEK })),
    'licence/expired',
    /expired/,
  );
});

test('a clock that leaps years ahead for an hour ends nothing', async (t) => {
  const rig = await rigOf();
  await rig.add(licenceOf(ISSUER, { expiresAt: NEXT_WEEK }));
  rig.clock.stepWall(10 * 365 * DAY);
  await rig.clock.advance(3_600_000);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
  rig.clock.stepWall(-10 * 365 * DAY);
  await rig.clock.advance(60_000);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
  t.is(rig.turned, 0);
});

const told = (text: string, more: object = {}) => ({
  licences: [{ text }],
  failoverServers: [OWN_ID, serverIdOf(4), serverIdOf(5)],
  ...more,
});

test('under a host the licences of the site count, in its absence and over a restart too; own ones wait', async (t) => {
  const rig = await rigOf({ mode: 'failover' });
  await rig.add(licenceOf(ISSUER, { id: 'own', seats: { coveredCameras: 4 } }));
  await rig.settings.peers.update(() => ({ peers: [HOST] }));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 4, 'the host has said nothing yet');
  await rig.licences.take(HOST.id, told(licenceOf(ISSUER), { cameraSeats: 12 }));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 30);
  t.is(rig.licences.cameraSeats().get(OWN_ID), 12);
  await rig.restart();
  t.is(rig.licences.coverSeatsOf(OWN_ID), 30);
  t.like(apiOf(rig).list(), { host: { id: HOST.id, name: 'Head' } });
  await refused(t, rig.add(licenceOf(ISSUER)), 'licence/at-host', /Head manages this server/);
  await refused(t, apiOf(rig).remove('own', 'olga'), 'licence/at-host', /Head manages/);
  await rig.settings.peers.update(() => ({ peers: [] }));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 4, 'detached, its own ones count again');
  await rig.settings.peers.update(() => ({ peers: [{ ...HOST, id: serverIdOf(8) }] }));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 4, 'what another host once said does not count');
});

test('a host that has no licences limits nothing, and one of an older release changes nothing', async (t) => {
  const rig = await rigOf({ mode: 'failover', peers: [HOST] });
  await rig.licences.take(HOST.id, { licences: [], failoverServers: [OWN_ID] });
  t.is(rig.licences.coverSeatsOf(OWN_ID), Infinity);
  await rig.licences.take(HOST.id, told(licenceOf(ISSUER)));
  await rig.licences.take(HOST.id, undefined);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 30);
});

test('the word of the host counts for an issuer that is not known here, but for no wrong signature', async (t) => {
  const rig = await rigOf({ mode: 'failover', peers: [HOST] });
  await rig.licences.take(HOST.id, told(licenceOf(STRANGER)));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 30);
  await rig.licences.take(HOST.id, told(altered(licenceOf(ISSUER))));
  t.is(rig.licences.coverSeatsOf(OWN_ID), Infinity);
  t.like(rig.licences.healthItems()[0], { code: 'licence-untrusted' });
});

test('a licence of the site expires on its members by themselves', async (t) => {
  const rig = await rigOf({ mode: 'failover', peers: [HOST] });
  await rig.licences.take(HOST.id, told(licenceOf(ISSUER, { expiresAt: NEXT_WEEK })));
  await rig.clock.advance(8 * DAY);
  t.is(rig.licences.coverSeatsOf(OWN_ID), 0);
});

test('a file that was tampered with on disk neither gives nor takes seats, says so, and can be removed', async (t) => {
  for (const text of [altered(licenceOf(ISSUER)), 'x'.repeat(400)]) {
    const good = licenceOf(ISSUER, { id: 'good', seats: { coveredCameras: 7 } });
    const licences = [good, text].map((one) => ({ text: one, addedAt: 0 }));
    const rig = await rigOf({ licences: { licences } });
    t.is(rig.licences.coverSeatsOf(OWN_ID), 7);
    const [item] = rig.licences.healthItems();
    t.like(item, { code: 'licence-untrusted', severity: 'error' });
    const listed = apiOf(rig)
      .list()
      .items.find(({ state }) => state === 'untrusted');
    t.truthy(listed?.problem);
    await apiOf(rig).remove(listed?.id ?? '', 'olga');
    t.deepEqual(
      rig.settings.licences.get().licences.map((one) => one.text),
      [plainLicence(good)],
    );
  }
});

test('an unknown licence is not removed', async (t) => {
  const rig = await rigOf();
  await refused(t, apiOf(rig).remove('x'.repeat(500), 'olga'), 'licence/unknown', /^No licence has the id x{64}\.$/);
});

test('camera seats of a site follow what its servers record; the counts are kept over a restart of the host', async (t) => {
  const rig = await rigOf({ mode: 'host', peers: [...RECORDERS, ...SPARES], cameras: [cameraOf('own')] });
  rig.licences.heard(serverIdOf(2), 60);
  t.deepEqual(rig.settings.licences.get().recorded, {}, 'nothing is kept while no licence speaks of cameras');
  await rig.add(licenceOf(ISSUER, { seats: { recordedCameras: 91 } }));
  rig.licences.heard(serverIdOf(2), 60);
  rig.licences.heard(serverIdOf(3), 10);
  rig.licences.heard(serverIdOf(3), 10);
  await rig.clock.advance(0);
  const seats = (): readonly (number | undefined)[] =>
    [1, 2, 3].map((n) => rig.licences.cameraSeats().get(serverIdOf(n)));
  t.deepEqual(seats(), [8, 67, 16]);
  t.is(rig.licences.forMember(serverIdOf(2))?.cameraSeats, 67);
  await rig.restart();
  t.deepEqual(seats(), [8, 67, 16]);
  await rig.settings.peers.update(({ peers }) => ({ peers: peers.filter(({ id }) => id !== serverIdOf(2)) }));
  rig.licences.heard(serverIdOf(3), 11);
  await rig.clock.advance(0);
  t.deepEqual(rig.settings.licences.get().recorded, { [serverIdOf(3)]: 11 });
});

test('one camera more than there are seats for is refused; what is recorded may be changed and taken away', async (t) => {
  const { cameras } = memorySettings({ cameras: [cameraOf('a'), cameraOf('b'), cameraOf('idle', { record: false })] });
  let seats = 2;
  const file = withSeats(cameras, () => seats);
  const put = async (...next: readonly ReturnType<typeof cameraOf>[]): Promise<unknown> =>
    await file.update(() => ({ cameras: [...next] }));
  await refused(
    t,
    put(cameraOf('a'), cameraOf('b'), cameraOf('c')),
    'camera/no-seat',
    /lets this server record 2 cameras; 2 are/,
  );
  await refused(t, put(cameraOf('a'), cameraOf('b'), cameraOf('idle')), 'camera/no-seat', /and 3 would be/);
  await put(cameraOf('a'), cameraOf('b'), cameraOf('d', { enabled: false }));
  seats = 0;
  await put(cameraOf('a', { name: 'Renamed' }), cameraOf('b'));
  await put(cameraOf('a'));
  await refused(t, put(cameraOf('a'), cameraOf('b')), 'camera/no-seat', /0 cameras; 1 are/);
  t.is(file.get().cameras.length, 1);
});

test('a disk that refuses changes nothing', async (t) => {
  const rig = await rigOf();
  const { licences } = rig.settings;
  const update = licences.update;
  Object.assign(licences, {
    update: async () => await Promise.reject(new UnderstudyError('storage', 'settings/write-failed', 'full')),
  });
  await refused(t, rig.add(licenceOf(ISSUER)), 'settings/write-failed', /full/);
  t.is(rig.licences.coverSeatsOf(OWN_ID), Infinity);
  Object.assign(licences, { update });
  await rig.add(licenceOf(ISSUER));
  t.is(rig.licences.coverSeatsOf(OWN_ID), 90);
});

/** Licences of one server: added, refused, expired, tampered with; clocks that are set wrong. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_LICENCES, plainLicence } from '../../src/site/licence.ts';
import { licenceOf } from '../support/licences.ts';
import { OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import {
  altered,
  apiOf,
  DAY,
  ISSUER,
  NEXT_WEEK,
  RECORDERS,
  refused,
  rigOf,
  seatsOf,
  SPARES,
  STRANGER,
} from './licences-rig.ts';

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

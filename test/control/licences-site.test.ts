/** Licences of a site: told by the host, seats of cameras, replaced servers. */
import test from 'ava';
import { withSeats } from '../../src/control/camera-seats.ts';
import { licenceOf } from '../support/licences.ts';
import { cameraOf, memorySettings, OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import {
  altered,
  apiOf,
  DAY,
  HOST,
  ISSUER,
  NEXT_WEEK,
  RECORDERS,
  refused,
  rigOf,
  seatsOf,
  SPARES,
  STRANGER,
} from './licences-rig.ts';

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

test('what does not count at the host is told to nobody', async (t) => {
  const licences = [licenceOf(STRANGER), altered(licenceOf(ISSUER))].map((text) => ({ text, addedAt: 0 }));
  const rig = await rigOf({ mode: 'host', peers: SPARES, licences: { licences } });
  t.deepEqual(rig.licences.forMember(serverIdOf(4))?.licences, []);
  const vouched = [{ text: licenceOf(STRANGER), addedAt: 0, vouched: true }];
  const heir = await rigOf({ mode: 'host', peers: SPARES, licences: { licences: vouched } });
  t.deepEqual(seatsOf(heir, 4, 5, 6), [30, 30, 30], 'but what came from the host before does');
  t.deepEqual(heir.licences.forMember(serverIdOf(4))?.licences, [{ text: licenceOf(STRANGER) }]);
});

test('when a server is replaced its licences are those of its successor, once; those of the site stay', async (t) => {
  const rig = await rigOf({ mode: 'host', peers: [...SPARES, ...RECORDERS] });
  await rig.add(licenceOf(ISSUER, { id: 'site' }));
  await rig.add(licenceOf(ISSUER, { id: 'old', seats: { recordedCameras: 8 } }), serverIdOf(2));
  await rig.add(licenceOf(ISSUER, { id: 'new', seats: { recordedCameras: 5 } }), serverIdOf(3));
  const replacedBy = { id: serverIdOf(3), name: 'Server 3', at: 1 };
  const whose = (): readonly string[] =>
    apiOf(rig)
      .list()
      .items.map(({ id, serverId }) => `${id} ${serverId?.slice(-1) ?? 'site'}`);
  for (let turn = 0; turn < 2; turn += 1) {
    await rig.settings.peers.update(({ peers }) => ({
      peers: peers.map((peer) => (peer.id === serverIdOf(2) ? { ...peer, replacedBy } : peer)),
    }));
    await rig.clock.advance(0);
    t.deepEqual(whose(), ['site site', 'old 3']);
  }
  t.is(rig.entries.filter(({ code }) => code === 'licences-moved').length, 1);
  await refused(t, rig.add(licenceOf(ISSUER, { id: 'late' }), serverIdOf(2)), 'server/unknown', /No server/);
});

/** The examples of product C1, C2 and C5 as tables, and what must hold whatever is licensed. */
import test from 'ava';
import type { LicenceTerms, Seats } from '../../src/site/licence.ts';
import {
  adoptedLicences,
  cameraSeats,
  coverSeats,
  movedLicences,
  splitEvenly,
  stateOfLicence,
} from '../../src/site/licence-seats.ts';
import type { GivenLicence } from '../../src/site/licence-seats.ts';
import { termsOf } from '../support/licences.ts';
import { createRandom } from '../support/seeded-random.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const given = (seats: Seats, more: Partial<LicenceTerms> = {}, serverId?: string): GivenLicence => ({
  terms: termsOf({ seats, ...more }),
  serverId,
});
const EXPIRED = { expiresAt: '2026-05-31T23:59:59Z' };
const NOT_YET = { validFrom: '2026-06-01T00:00:01Z' };

const splits = test.macro<[total: number, ids: string, expected: string]>({
  title: (_given, total, ids) => `${total} seats over ${ids || 'nobody'}`,
  exec: (t, total, ids, expected) => {
    const parts = [...splitEvenly(total, ids.split(' ').filter(Boolean))].map(([id, count]) => `${id}:${count}`);
    t.is(parts.join(' '), expected);
  },
});
test(splits, 90, 'f1 f2 f3', 'f1:30 f2:30 f3:30');
test(splits, 91, 'f3 f1 f2', 'f1:31 f2:30 f3:30');
test(splits, 92, 'f3 f1 f2', 'f1:31 f2:31 f3:30');
test(splits, 2, 'f1 f2 f3', 'f1:1 f2:1 f3:0');
test(splits, 0, 'f1 f2', 'f1:0 f2:0');
test(splits, 90, 'f1', 'f1:90');
test(splits, 90, '', '');
test(splits, 90, 'f1 f1 f2', 'f1:45 f2:45');

type Cover = { readonly licences: readonly GivenLicence[]; readonly servers?: string; readonly expected: string };
const covers = test.macro<[Cover]>({
  title: (given) => given ?? '',
  exec: (t, { licences, servers = 'f1 f2 f3', expected }) => {
    const seats = [...coverSeats(licences, servers.split(' '), NOW)].map(([id, count]) => `${id}:${count}`);
    t.is(seats.join(' '), expected);
  },
});
const NINETY = given({ coveredCameras: 90 });
test('without a licence nothing is limited', covers, { licences: [], expected: 'f1:Infinity f2:Infinity f3:Infinity' });
test('90 cover seats over three failover servers are 30 each', covers, {
  licences: [NINETY],
  expected: 'f1:30 f2:30 f3:30',
});
test('licences add up', covers, {
  licences: [NINETY, given({ coveredCameras: 9 })],
  expected: 'f1:33 f2:33 f3:33',
});
test('one failover server has them all', covers, { licences: [NINETY], servers: 'f1', expected: 'f1:90' });
test('an expired licence counts no more, and what it spoke of stays limited', covers, {
  licences: [given({ coveredCameras: 90 }, EXPIRED)],
  expected: 'f1:0 f2:0 f3:0',
});
test('one that has expired takes nothing from one that has not', covers, {
  licences: [given({ coveredCameras: 300 }, EXPIRED), NINETY],
  expected: 'f1:30 f2:30 f3:30',
});
test('one that begins tomorrow does not count today', covers, {
  licences: [NINETY, given({ coveredCameras: 90 }, NOT_YET)],
  expected: 'f1:30 f2:30 f3:30',
});
test('a licence for cameras only limits no cover', covers, {
  licences: [given({ recordedCameras: 10 })],
  expected: 'f1:Infinity f2:Infinity f3:Infinity',
});
test('seats for two servers are for the first two that joined; they share what there is', covers, {
  licences: [given({ failoverServers: 2, coveredCameras: 90 })],
  servers: 'f3 f1 f2',
  expected: 'f3:45 f1:45 f2:0',
});
test('seats for servers alone do not limit the cameras of those that have one', covers, {
  licences: [given({ failoverServers: 1 })],
  expected: 'f1:Infinity f2:0 f3:0',
});
test('seats of a licence that is for one server are its own', covers, {
  licences: [NINETY, given({ coveredCameras: 5 }, {}, 'f2')],
  expected: 'f1:30 f2:35 f3:30',
});

type Cameras = { readonly licences: readonly GivenLicence[]; readonly recorded: string; readonly expected: string };
const records = test.macro<[Cameras]>({
  title: (given) => given ?? '',
  exec: (t, { licences, recorded, expected }) => {
    const recorders = recorded.split(' ').map((one) => {
      const [id = '', count = ''] = one.split(':');
      return { id, recorded: Number(count) };
    });
    const seats = [...cameraSeats(licences, recorders, NOW)].map(([id, count]) => `${id}:${count}`);
    t.is(seats.join(' '), expected);
  },
});
test('camera seats follow the need: what is recorded stays, the free ones are split', records, {
  licences: [given({ recordedCameras: 90 })],
  recorded: 'r1:60 r2:10 r3:0',
  expected: 'r1:67 r2:17 r3:6',
});
test('a server that stands alone has them all', records, {
  licences: [given({ recordedCameras: 90 })],
  recorded: 'r1:3',
  expected: 'r1:90',
});
test('with more cameras than seats everything stays as it is, and nobody gets another one', records, {
  licences: [given({ recordedCameras: 10 })],
  recorded: 'r1:9 r2:4',
  expected: 'r1:9 r2:4',
});
test('the same after an expiry', records, {
  licences: [given({ recordedCameras: 90 }, EXPIRED)],
  recorded: 'r1:9 r2:0',
  expected: 'r1:9 r2:0',
});
test('its own licence comes first, the rest is of the site', records, {
  licences: [given({ recordedCameras: 4 }), given({ recordedCameras: 8 }, {}, 'r1')],
  recorded: 'r1:10 r2:0',
  expected: 'r1:11 r2:1',
});
test('without a licence for cameras they are not limited', records, {
  licences: [NINETY],
  recorded: 'r1:9 r2:0',
  expected: 'r1:Infinity r2:Infinity',
});

test('the licences of a replaced server are those of its replacement; what that had is overwritten; those of the site stay', (t) => {
  const [site, old, own, third] = [
    NINETY,
    given({ coveredCameras: 1 }, {}, 'old'),
    given({}, {}, 'new'),
    given({}, {}, 'r3'),
  ];
  const { licences, overwritten } = movedLicences([site, old, own, third], { from: 'old', to: 'new' });
  t.deepEqual(licences, [site, { ...old, serverId: 'new' }, third]);
  t.deepEqual(overwritten, [own]);
  t.deepEqual(
    movedLicences(licences, { from: 'old', to: 'new' }).licences,
    [site, third],
    'only once: it is not asked twice',
  );
  t.deepEqual(movedLicences([own], { from: 'new', to: 'new' }), { licences: [own], overwritten: [] });
});

test('whoever takes the place of another server has its licences instead of its own ones, however often it is done', (t) => {
  const [own, bound, plain] = [given({}), given({}, {}, 'old'), given({ recordedCameras: 8 })];
  const place = { from: 'old', to: 'new' };
  const after = adoptedLicences([own], [bound, plain], place);
  t.deepEqual(after, [
    { ...bound, serverId: 'new', vouched: true },
    { ...plain, vouched: true },
  ]);
  t.deepEqual(adoptedLicences(after, [bound, plain], place), after);
  t.deepEqual(adoptedLicences([own], undefined, place), [own], 'one that had none overwrites nothing');
});

test('a licence is in force from its first moment to the one before it expires', (t) => {
  const terms = termsOf({ validFrom: '2026-01-01T00:00:00Z', expiresAt: '2026-02-01T00:00:00+01:00' });
  const [from, to] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-01-31T23:00:00Z')];
  t.deepEqual(
    [from - 1, from, to - 1, to].map((at) => stateOfLicence(terms, at)),
    ['not-yet', 'in-force', 'in-force', 'expired'],
  );
});

test('whatever is licensed: no more seats than there are, the same for any order, and parts differ by one at most', (t) => {
  const random = createRandom(7);
  for (let turn = 0; turn < 500; turn += 1) {
    const servers = random.shuffle(['a', 'b', 'c', 'd', 'e']).slice(0, random.int(1, 5));
    const licences = Array.from({ length: random.int(1, 4) }, () =>
      given({ coveredCameras: random.int(0, 100) }, random.pick([{}, EXPIRED, NOT_YET])),
    );
    const total = licences
      .filter(({ terms }) => stateOfLicence(terms, NOW) === 'in-force')
      .reduce((sum, { terms }) => sum + (terms.seats.coveredCameras ?? 0), 0);
    const seats = coverSeats(licences, servers, NOW);
    const counts = [...seats.values()];
    t.is(
      counts.reduce((sum, count) => sum + count, 0),
      total,
    );
    t.true(Math.max(...counts) - Math.min(...counts) <= 1);
    const again = coverSeats(random.shuffle(licences), random.shuffle(servers), NOW);
    for (const [id, count] of seats) t.is(again.get(id), count);
  }
});

test('camera seats: nobody loses what he records, and what is promised is there', (t) => {
  const random = createRandom(8);
  for (let turn = 0; turn < 500; turn += 1) {
    const total = random.int(0, 200);
    const recorders = Array.from({ length: random.int(1, 6) }, (_, index) => ({
      id: `r${index}`,
      recorded: random.int(0, 50),
    }));
    const used = recorders.reduce((sum, { recorded }) => sum + recorded, 0);
    const seats = cameraSeats([given({ recordedCameras: total })], recorders, NOW);
    for (const { id, recorded } of recorders) t.true((seats.get(id) ?? -1) >= recorded);
    t.is(
      [...seats.values()].reduce((sum, count) => sum + count, 0),
      Math.max(total, used),
    );
  }
});

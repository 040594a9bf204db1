import test from 'ava';
import { foundState, refusalOf } from '../../../../web/src/pages/failover/servers/batch/row-state.ts';
import type { FoundState } from '../../../../web/src/pages/failover/servers/batch/row-state.ts';
import { changeOf, draftOf } from '../../../../web/src/pages/failover/servers/draft.ts';
import { risksOf } from '../../../../web/src/pages/failover/servers/risk.ts';
import { urlOf } from '../../../../web/src/pages/failover/servers/places.ts';
import { mockServers } from '../../../support/mock-servers-data.ts';

const HOST = { mode: 'host', version: '0.1.0', isOfSite: true } as const;
const SPARE = { mode: 'failover', version: '0.1.0', isOfSite: false } as const;
const { found, known } = mockServers(Date.now());

test('what a host may add of those that were found', (t) => {
  const states = Object.fromEntries(found.map((one) => [one.name, foundState(one, HOST)]));
  const wanted: Readonly<Record<string, FoundState>> = {
    Attic: 'available',
    Cellar: 'available',
    Garage: 'available',
    'Spare-3': 'available',
    Shed: 'older',
    Porch: 'off',
    Neighbour: 'foreign',
    'Their-Host': 'incompatible',
    'Office-NAS': 'added',
  };
  t.deepEqual(states, wanted);
});

test('a failover server of no site adds older and foreign ones, no other failover server; a recording server adds nobody', (t) => {
  const of = (name: string, own: Parameters<typeof foundState>[1]): FoundState | undefined =>
    found.flatMap((one) => (one.name === name ? [foundState(one, own)] : []))[0];
  t.is(of('Shed', SPARE), 'available');
  t.is(of('Neighbour', SPARE), 'available');
  t.is(of('Porch', SPARE), 'available');
  t.is(of('Spare-3', SPARE), 'incompatible');
  t.is(of('Attic', { ...SPARE, mode: 'recording' }), 'incompatible');
});

test('a refusal becomes the word of its chip', (t) => {
  t.is(refusalOf('server/older'), 'older');
  t.is(refusalOf('server/locked'), 'locked');
  t.is(refusalOf('server/credentials'), 'failed');
  t.is(refusalOf(undefined), 'failed');
});

test('only what was typed differently is a change; an address taken away means that it dials in', (t) => {
  const before = known.find(({ name }) => name === 'Office-NAS');
  if (before === undefined) throw new Error('it is not there');
  const draft = draftOf(before.name, before);
  t.deepEqual(changeOf(draft, before), {});
  t.deepEqual(changeOf({ ...draft, host: ' 10.0.0.7 ', locked: true }, before), { host: '10.0.0.7', locked: true });
  t.deepEqual(changeOf({ ...draft, dialsIn: true }, before), { host: null });
  t.deepEqual(changeOf({ ...draft, httpPort: '443', peerPort: '' }, before), { httpPort: 443 });
  t.deepEqual(changeOf({ ...draft, host: 'x' }, undefined), {});
});

test('what is at risk: camera hours of open takeovers and bytes that are not home, by server', (t) => {
  const at = (minute: number): string => new Date(Date.UTC(2026, 10, 22, 10, minute)).toISOString();
  const camera = (id: string, from: number | undefined, until?: number) => ({
    cameraId: id,
    name: id,
    covered: from !== undefined,
    ...(from === undefined ? {} : { firstFrameAt: at(from) }),
    ...(until === undefined ? {} : { lastFrameAt: at(until) }),
  });
  const takeover = {
    id: 't1',
    serverId: 'a',
    serverName: 'Yard',
    automatic: true,
    reason: 'silent',
    suspectedAt: at(0),
    epoch: 1,
  } as const;
  const cameras = [camera('1', 0), camera('2', 0, 30), camera('3', undefined)];
  const restoration = {
    id: 'r1',
    serverId: 'b',
    serverName: 'Gate',
    policy: 'return',
    transport: 'direct',
    startedAt: at(0),
    files: { done: 1, total: 3 },
    bytesPerSecond: 0,
  } as const;
  const risks = risksOf(
    [
      { ...takeover, state: 'taken-over', cameras },
      { ...takeover, id: 't0', serverId: 'c', serverName: 'Over', state: 'ended', cameras },
    ],
    [
      { ...restoration, state: 'running', bytes: { done: 2e9, total: 5e9 } },
      { ...restoration, id: 'r0', state: 'done', bytes: { done: 5e9, total: 5e9 } },
    ],
    Date.parse(at(60)),
  );
  t.deepEqual(
    risks.toSorted((a, b) => a.serverName.localeCompare(b.serverName)),
    [
      { serverName: 'Gate', cameras: 0, hours: 0, since: undefined, bytesLeft: 3e9 },
      { serverName: 'Yard', cameras: 2, hours: 1.5, since: at(0), bytesLeft: 0 },
    ],
  );
});

test('the page of another box is linked by address and port, a version 6 address in brackets', (t) => {
  t.is(urlOf('192.168.1.20', undefined), 'https://192.168.1.20:51443');
  t.is(urlOf('fd00::1', 8443), 'https://[fd00::1]:8443');
  t.is(urlOf(undefined, 1), undefined);
  t.is(urlOf('"><script>', 1), undefined);
});

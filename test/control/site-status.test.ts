import test from 'ava';
import type { ReportedCamera } from '../../src/site/member-report.ts';
import { statusOfSite } from '../../src/control/site-status.ts';
import type { StatusFacts } from '../../src/control/site-status.ts';

const NOTHING = { report: undefined, cameras: undefined, lastContactAt: undefined };
const factsOf = (id: string, more: Partial<StatusFacts> = {}): StatusFacts => ({
  record: { id, name: id.toUpperCase(), mode: id.startsWith('f') ? 'failover' : 'recording', enabled: true },
  isDetachPending: false,
  isConnected: true,
  version: '0.4.0',
  keepAlive: { channels: { max: 128, used: 0 }, covering: [] },
  known: NOTHING,
  ...more,
});
const statesOf = (all: readonly StatusFacts[]): readonly string[] => statusOfSite(all).map(({ state }) => state);
const covering = (serverId: string) => ({ serverId, epoch: 258, state: 'covering' as const, streams: [] });

test('the state of a server is the first that is true of it', (t) => {
  const disabled = { ...factsOf('r3').record, enabled: false };
  const all = [
    factsOf('r1', { isConnected: false }),
    factsOf('r2', { isConnected: false, keepAlive: undefined }),
    factsOf('r3', { record: disabled }),
    factsOf('r4', { record: { ...disabled, id: 'r4' }, isDetachPending: true }),
    factsOf('r5'),
    factsOf('f1', { keepAlive: { channels: { max: 128, used: 3 }, covering: [covering('r1')] } }),
    factsOf('f2'),
  ];
  t.deepEqual(statesOf(all), ['covered', 'offline', 'disabled', 'detach-pending', 'online', 'covering', 'online']);
  const [r1, , , , , f1] = statusOfSite(all);
  t.deepEqual(r1?.coveredBy, [{ serverId: 'f1', name: 'F1' }]);
  t.deepEqual(f1?.channels, { max: 128, used: 3, free: 125 });
  t.is(r1?.channels, undefined, 'only of those that cover others');
});

test('where servers and where browsers reach it are two things', (t) => {
  const record = { ...factsOf('r1').record, host: '10.0.0.2', clientAddress: 'nas.example.org' };
  const [r1, r2] = statusOfSite([factsOf('r1', { record }), factsOf('r2')]);
  t.like(r1, { host: '10.0.0.2', clientAddress: 'nas.example.org' });
  t.false('clientAddress' in (r2 ?? {}));
});

test('who watches whom, the newest backup, the newest drill and what it says of itself', (t) => {
  const camera: ReportedCamera = { id: 'c', name: 'c', priority: 'low', standbyLevel: 'cold', recording: false };
  const spare = (backupAt: number | undefined, drillAt: number, problem?: string) => ({
    report: {
      revision: 'r',
      failover: {
        shortagePolicy: 'by-priority' as const,
        oneServerAtATime: false,
        unreachable: [],
        protects: [{ serverId: 'r1', state: 'alive', backupAt, backupProblem: problem }],
        lastDrill: { serverId: 'r1', at: drillAt, cameras: 4, recorded: 3 },
      },
    },
    cameras: undefined,
    lastContactAt: 5000,
  });
  const [r1, f1] = statusOfSite([
    factsOf('r1', {
      known: {
        report: { revision: 'r', model: 'NAS 4', load: 0.25 },
        cameras: [camera, { ...camera, id: 'd', recording: true }],
        lastContactAt: 1000,
      },
    }),
    factsOf('f1', { known: spare(3000, 7000) }),
    factsOf('f2', { known: spare(2000, 6000, 'no room') }),
  ]);
  t.like(r1, {
    model: 'NAS 4',
    load: 0.25,
    version: '0.4.0',
    cameras: { total: 2, recording: 1 },
    lastBackupAt: '1970-01-01T00:00:03.000Z',
    backupProblem: 'no room',
    lastDrill: { at: '1970-01-01T00:00:07.000Z', cameras: 4, recorded: 3 },
    lastContactAt: '1970-01-01T00:00:01.000Z',
  });
  t.deepEqual(
    r1?.watchedBy.map(({ name }) => name),
    ['F1', 'F2'],
  );
  t.deepEqual(f1?.watches, [{ serverId: 'r1', name: 'R1', state: 'alive' }]);
});

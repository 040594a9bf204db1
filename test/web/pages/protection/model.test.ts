import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { KnownServer, Licences, Plan, PlanCamera } from '../../../../web/src/api/protection.ts';
import type { SiteServerView } from '../../../../web/src/api/site.ts';
import {
  cameraReadiness,
  isShown,
  matrixOf,
  protectsServer,
  readinessOf,
  withEdits,
  type Facts,
} from '../../../../web/src/pages/failover/protection/model.ts';
import { outcomeOf } from '../../../../web/src/pages/failover/protection/outcome.ts';
import { cameraLine, chosenCameras, linesOf, serverLine } from '../../../../web/src/pages/failover/protection/rows.ts';
import { DETAILS } from '../../../../web/src/pages/failover/protection/why.ts';

const camera = (name: string, more: Partial<PlanCamera> = {}): PlanCamera => ({
  cameraId: name.toLowerCase(),
  name,
  priority: 'medium',
  standbyLevel: 'warm',
  recording: true,
  ...more,
});
const PLAN: Plan = {
  servers: [
    {
      serverId: 'r2',
      name: 'Yard 10',
      cameras: [
        camera('Gate', { coveredBy: 'f1' }),
        camera('Dock', { priority: 'never', cause: 'not-covered-priority' }),
        camera('Attic', { recording: false }),
      ],
    },
    {
      serverId: 'r1',
      name: 'Yard 2',
      cameras: [camera('Door', { coveredBy: 'f2' }), camera('Hall', { coveredBy: 'f1' })],
    },
  ],
  spares: [
    { serverId: 'f1', name: 'Spare A', channels: 128, assigned: 2 },
    { serverId: 'f2', name: 'Spare B', channels: 128, assigned: 1 },
  ],
};
const server = (id: string, name: string, more: Partial<SiteServerView> = {}): SiteServerView => ({
  id,
  name,
  mode: 'recording',
  state: 'online',
  enabled: true,
  watches: [],
  watchedBy: [],
  coveredBy: [],
  ...more,
});
const STATUS = [
  server('h', 'Host', { mode: 'host' }),
  server('r1', 'Yard 2', { state: 'covered', coveredBy: [{ serverId: 'f1', name: 'Spare A' }] }),
  server('f1', 'Spare A', { mode: 'failover', channels: { max: 128, used: 3, free: 125 } }),
  server('f2', 'Spare B', { mode: 'failover', state: 'offline' }),
];
const LICENCES: Licences = {
  items: [],
  covering: [{ serverId: 'f1', name: 'Spare A', seats: 30, used: 3 }],
  recording: [],
  issuers: [],
};
const FACTS: Facts = {
  own: { id: 'h', name: 'Host', mode: 'host' },
  plan: PLAN,
  status: STATUS,
  site: {
    isHost: true,
    policy: { standbyLevels: {} },
    protection: [{ failoverServerId: 'f2', serverIds: ['r1'], name: 'Spare B' }],
  },
  licences: LICENCES,
  known: new Map(),
  ownCameras: [],
};

test('servers and failover servers stand in natural order, with counts of what would be covered by whom', (t) => {
  const matrix = matrixOf(FACTS);
  t.deepEqual(
    matrix.rows.map(({ name, wanted, covered, coveredNow }) => [name, wanted, covered, coveredNow]),
    [
      ['Yard 2', 2, 2, ['Spare A']],
      ['Yard 10', 2, 1, []],
    ],
  );
  t.deepEqual([matrix.wanted, matrix.covered, matrix.hasPlan], [4, 3, true]);
  t.deepEqual(
    matrix.spares.map(({ name, isThere, assigned, seats, list }) => [name, isThere, assigned, seats, list]),
    [
      ['Spare A', true, 2, 30, undefined],
      ['Spare B', false, 1, undefined, ['r1']],
    ],
  );
  const [, b] = matrix.spares;
  t.deepEqual(b && [protectsServer(b, 'r1'), protectsServer(b, 'r2')], [true, false]);
});

test('a box without a plan shows its own cameras and who watches it', (t) => {
  const watcher: KnownServer = { ...KNOWN, id: 'f9', name: 'Next door', watcher: true, watched: false };
  const matrix = matrixOf({
    ...FACTS,
    own: { id: 'r1', name: 'Yard 2', mode: 'recording' },
    plan: { servers: [] },
    status: [],
    known: new Map([['r1', new Map([['f9', watcher]])]]),
    ownCameras: [camera('Door')],
  });
  t.false(matrix.hasPlan);
  t.deepEqual(
    matrix.spares.map(({ name }) => name),
    ['Next door'],
  );
  t.deepEqual(
    matrix.rows.map(({ name, cameras }) => [name, cameras.length]),
    [['Yard 2', 1]],
  );
});

const KNOWN: KnownServer = {
  id: 'r1',
  name: 'Yard 2',
  mode: 'recording',
  fingerprint: 'a'.repeat(64),
  watched: true,
  watcher: false,
  managesUs: false,
  introduced: true,
  enabled: true,
  connected: true,
};

test('readiness is told camera by camera, and not made up where the list was cut', (t) => {
  const standby = {
    hot: { wanted: 0, ready: 0 },
    warm: { wanted: 40, ready: 38 },
    cold: 0,
    notReady: [
      { cameraId: 'door', name: 'Door', level: 'warm', actual: 'cold', reason: 'it is being connected.' } as const,
    ],
  };
  t.deepEqual(cameraReadiness(standby, camera('Door')), {
    kind: 'less',
    actual: 'cold',
    reason: 'it is being connected.',
  });
  t.deepEqual(cameraReadiness(standby, camera('Hall')), { kind: 'unknown' }, 'one more is not ready, and not named');
  t.deepEqual(cameraReadiness({ ...standby, warm: { wanted: 40, ready: 39 } }, camera('Hall')), { kind: 'ready' });
  t.deepEqual(cameraReadiness(undefined, camera('Hall')), { kind: 'unknown' });
  const watch = { state: 'alive', since: '2026-11-22T02:00:00.000Z', cameras: 40, covered: 0, standby } as const;
  t.is(readinessOf(new Map([['f1', new Map([['r1', { ...KNOWN, watch }]])]]), 'f1', 'r1'), standby);
});

test('a change shows at once, and until the plan says the same', (t) => {
  const edit = { priority: 'high' } as const;
  t.false(isShown(PLAN, 'r1', 'door', edit));
  const shown = withEdits(PLAN, new Map([['r1/door', edit]]));
  t.is(shown?.servers[1]?.cameras[0]?.priority, 'high');
  t.is(PLAN.servers[1]?.cameras[0]?.priority, 'medium');
  t.true(shown !== undefined && isShown(shown, 'r1', 'door', edit));
  t.true(isShown(PLAN, 'r1', 'gone', edit), 'a camera that is gone is waited for no more');
});

test('what if: counts by whom, who is left and why, servers that had failed before apart', (t) => {
  const outcome = outcomeOf(PLAN, new Set(['r2', 'f2']));
  t.deepEqual([outcome.total, outcome.covered, outcome.by], [2, 1, [{ id: 'f1', count: 1 }]]);
  t.deepEqual(
    outcome.left.map(({ name, cause }) => [name, cause]),
    [['Dock', 'not-covered-priority']],
  );
  t.deepEqual(
    outcome.servers.map(({ name, idle }) => [name, idle]),
    [['Yard 10', 1]],
  );
  t.deepEqual(outcome.alsoLeft, []);
  t.deepEqual(
    outcomeOf(PLAN, new Set(['r1'])).alsoLeft.map(({ name }) => name),
    ['Dock'],
  );
});

test('a filter opens what it finds; a server that is named shows all its cameras when it is opened', (t) => {
  const matrix = matrixOf(FACTS);
  const names = (open: readonly string[], text: string, onlyLeft = false): readonly string[] =>
    linesOf(matrix, new Set(open), { text, onlyLeft }).map((line) =>
      line.kind === 'server' ? line.row.name : `- ${line.camera.name}`,
    );
  t.deepEqual(names([], ''), ['Yard 2', 'Yard 10']);
  t.deepEqual(names(['r1'], ''), ['Yard 2', '- Door', '- Hall', 'Yard 10']);
  t.deepEqual(names([], 'gat'), ['Yard 10', '- Gate']);
  t.deepEqual(names([], 'yard 10'), ['Yard 10']);
  t.deepEqual(names([], '', true), ['Yard 10', '- Dock']);
  t.deepEqual(names([], 'nothing'), []);
});

test('every detail of the plan has its words', (t) => {
  const sources = ['src/failover/plan.ts', 'src/control/site-plan.ts'].map((file) =>
    readFileSync(join(import.meta.dirname, '../../../..', file), 'utf8'),
  );
  const told = sources.flatMap((source) => [...source.matchAll(/detail: '([^']+)'/g)].map(([, detail]) => detail));
  t.deepEqual(new Set(told), new Set(Object.keys(DETAILS)));
});

test('a chosen server stands for all its cameras, each once', (t) => {
  const matrix = matrixOf(FACTS);
  const chosen = (...ids: readonly string[]): readonly string[] =>
    chosenCameras(matrix, new Set(ids)).map(({ name }) => name);
  t.deepEqual(chosen(serverLine('r1'), cameraLine('r1', 'door')), ['Door', 'Hall']);
  t.deepEqual(chosen(cameraLine('r2', 'dock')), ['Dock']);
});

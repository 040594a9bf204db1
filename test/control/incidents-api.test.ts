/** What a box says of failures: those it covered, and its own as the servers tell that protect it. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createIncidentsApi } from '../../src/control/incidents-api.ts';
import type { IncidentsApi, IncidentsApiDeps } from '../../src/control/incidents-api.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import type { Incident } from '../../src/failover/incident.ts';
import { BY, OWNER_ID, recordOf } from '../support/incident-records.ts';
import { memorySettings } from '../support/memory-settings.ts';

const AT = Date.parse('2026-11-21T10:02:11.000Z');
const OTHER_ID = '22222222-2222-4333-8444-555555555555';
const NOW = AT + 86_400_000;

function boxOf(
  id: string,
  name: string,
  kept: readonly Incident[],
  more: Partial<IncidentsApiDeps> = {},
): IncidentsApi {
  const settings = memorySettings();
  const server = { ...settings.server, get: () => ({ ...settings.server.get(), id, name }) };
  return createIncidentsApi({
    settings: { server, peers: settings.peers },
    incidents: { list: () => kept, get: (one) => kept.find((incident) => incident.id === one) },
    settingsOf: () => undefined,
    notCovered: () => [],
    accountOf: () => [],
    watchers: () => [],
    ask: async () => await Promise.reject(new TypeError('nobody is asked')),
    clock: { now: () => epochMs(NOW) },
    log: silentLog,
    ...more,
  });
}

/** As it goes over the channel: JSON. */
const over = (spare: IncidentsApi, asker: string): Pick<IncidentsApiDeps, 'watchers' | 'ask'> => ({
  watchers: () => [BY.id],
  ask: async (_watcher, method, params) =>
    await Promise.resolve(JSON.parse(JSON.stringify(spare.handlers[method](asker, params)))),
});

const OF_OWNER = recordOf(AT, [['cam-door', 'covered']], 'closed');
const OF_OTHER: Incident = { ...recordOf(AT + 1000, [['cam-b', 'covered']], 'closed'), serverId: OTHER_ID };

test('a failover server lists what it covered, the newest first, with cameras and seconds', async (t) => {
  const spare = boxOf(BY.id, BY.name, [OF_OWNER, OF_OTHER]);
  const all = await spare.incidents();
  t.deepEqual(
    all.map(({ id }) => id),
    [OF_OTHER.id, OF_OWNER.id],
  );
  t.like(all[1], { serverId: OWNER_ID, by: BY, state: 'closed', cameras: 1, coveredCameras: 1, missingSeconds: 1 });
  t.is(all[1]?.startedAt, '2026-11-21T10:02:11.900Z');
});

test('a protected server has its own failures from the one that covered it, and nobody else’s', async (t) => {
  const spare = boxOf(BY.id, BY.name, [OF_OWNER, OF_OTHER]);
  const owner = boxOf(OWNER_ID, 'NAS-2', [], over(spare, OWNER_ID));
  t.deepEqual(
    (await owner.incidents()).map(({ id, by }) => ({ id, by })),
    [{ id: OF_OWNER.id, by: BY }],
  );
  t.is((await owner.incidentReport(OF_OWNER.id)).streams.length, 1);
  await isUnknown(t, async () => await owner.incidentReport(OF_OTHER.id));
});

test('one that protects it and lies about others, answers nonsense or not at all tells nothing', async (t) => {
  const spare = boxOf(BY.id, BY.name, [OF_OTHER]);
  const answers: readonly unknown[] = [
    spare.handlers['incident.list'](OTHER_ID, {}),
    undefined,
    null,
    { items: 'many' },
    { items: [{ id: 'incident-1' }] },
    // Times that no calendar has: once they made an error of the whole list.
    { items: [{ ...digestOf(boxOf(BY.id, BY.name, [OF_OWNER])), openedAt: 1e20 }] },
    { items: [{ ...digestOf(boxOf(BY.id, BY.name, [OF_OWNER])), closedAt: -1e20 }] },
  ];
  for (const answer of answers) {
    const owner = boxOf(OWNER_ID, 'NAS-2', [], {
      watchers: () => [BY.id],
      ask: async () => await Promise.resolve(answer),
    });
    t.deepEqual(await owner.incidents(), []);
    await isUnknown(t, async () => await owner.incidentReport(OF_OTHER.id));
  }
  const silent = boxOf(OWNER_ID, 'NAS-2', [], { watchers: () => [BY.id] });
  t.deepEqual(await silent.incidents(), []);
});

const digestOf = (spare: IncidentsApi): object =>
  (spare.handlers['incident.list'](OWNER_ID, {}) as { readonly items: readonly object[] }).items[0] ?? {};

const isUnknown = async (t: ExecutionContext, run: () => Promise<unknown>): Promise<void> => {
  const error = await t.throwsAsync(run, { instanceOf: UnderstudyError });
  t.is(error.code, 'incident/unknown');
};

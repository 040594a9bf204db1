/**
 * Failover activity of the mock API: covers, restorations, drills, probes, replacements, the host's role, on a state that calls change and
 * time moves. One failover server is asked, whichever way: this box, or a member through its host.
 */
import type { z } from 'zod';
import type * as Failover from '../../src/api/contract/failover.ts';
import type { ReplacementView, ReplaceServerResult } from '../../src/api/contract/replacing.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import {
  drillMock,
  MEMBER_CAMERAS,
  ownHost,
  takeoverMock,
  type Drill,
  type MockActivity,
} from './mock-activity-data.ts';
import { iso } from './mock-data.ts';
import type { MockState, Reply, RoomRoute } from './mock-routes.ts';
import { HOST, MEMBER, SPARE } from './mock-site.ts';

const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });
const problem = (status: number, code: string, detail: string): Reply => ({
  status,
  body: { type: 'about:blank', title: code, status, code, detail },
});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const NAME_OF: Readonly<Record<string, string>> = {
  [HOST.id]: HOST.name,
  [MEMBER.id]: MEMBER.name,
  [SPARE.id]: SPARE.name,
};

export function activityMocks({ activity }: MockState): readonly RoomRoute[] {
  const noted = (routes: readonly RoomRoute[]): readonly RoomRoute[] =>
    routes.map((route) => ({
      ...route,
      answer: (call, parts) => {
        if (call.method !== 'GET') activity.asked.push(`${call.method} ${call.path}`);
        return route.answer(call, parts);
      },
    }));
  return noted([
    ...coverRoutes(activity),
    ...drillRoutes(activity),
    ...siteRoutes(activity),
    ...replaceRoutes(activity),
  ]);
}

function coverRoutes(activity: MockActivity): readonly RoomRoute[] {
  return [
    {
      method: 'GET',
      path: /^\/failover\/takeovers$/,
      answer: ({ query }) =>
        items(activity.takeovers.filter(({ state }) => query.get('state') !== 'running' || state !== 'ended')),
    },
    {
      method: 'POST',
      path: /^\/failover\/takeovers$/,
      answer: ({ body }) => {
        const serverId = text(body['serverId']);
        const made = takeoverMock({
          serverId,
          serverName: NAME_OF[serverId] ?? serverId,
          automatic: false,
          reason: 'manual',
        });
        activity.takeovers.push(made);
        return { status: 201, body: made };
      },
    },
    {
      method: 'POST',
      path: /^\/failover\/takeovers\/([^/]+)\/restore$/,
      answer: (_call, [id]) => {
        activity.takeovers = activity.takeovers.map((one) => (one.id === id ? { ...one, state: 'handing-over' } : one));
        return { body: activity.takeovers.find((one) => one.id === id) };
      },
    },
    { method: 'GET', path: /^\/failover\/restorations$/, answer: () => items(activity.restorations) },
    {
      method: 'POST',
      path: /^\/failover\/restorations\/([^/]+)\/stop$/,
      answer: ({ body }, [id]) => {
        const found = activity.restorations.find((one) => one.id === id);
        if (found === undefined) return problem(404, 'restoration/unknown', 'No such restoration.');
        if (body['confirm'] !== found.serverName)
          return problem(422, 'restoration/not-confirmed', `Type the name ${found.serverName} to delete them.`);
        activity.restorations = activity.restorations.map((one) =>
          one.id === id ? { ...one, state: 'stopped' } : one,
        );
        return { body: activity.restorations.find((one) => one.id === id) };
      },
    },
  ];
}

/** A second of the clock measures two cameras. */
const MEASURE_MS = 500;
function moved(drill: Drill, mayEnd: boolean): Drill {
  if (drill.endedAt !== undefined) return drill;
  const age = Date.now() - Date.parse(drill.startedAt);
  const cameras = drill.cameras.map((camera, index) =>
    age < (index + 1) * MEASURE_MS ? camera : { ...camera, firstFrameAfter: 0.4 + index * 0.31 },
  );
  const isOver = mayEnd && age > (cameras.length + 1) * MEASURE_MS;
  return { ...drill, cameras, ...(isOver ? { endedAt: iso(Date.now()) } : {}) };
}

const CHECKS = [
  { check: 'space', ok: true, message: '3.1 TB are free on 1 volume.' },
  { check: 'version', ok: true, message: 'Both run 0.1.0.' },
  { check: 'clock', ok: true, message: 'The clocks differ by 4 ms.' },
  { check: 'backup', ok: true, message: 'The newest settings backup is 5 hours old.' },
  { check: 'suitability', ok: true, message: 'Nothing in it speaks against covering it.' },
];
function drillRoutes(activity: MockActivity): readonly RoomRoute[] {
  const readiness = (): Reply => ({
    body: {
      items: activity.probes,
      servers: CHECKS.map((check) => ({ ...check, serverId: MEMBER.id, checkedAt: activity.checkedAt })),
    },
  });
  return [
    {
      method: 'GET',
      path: /^\/failover\/drills$/,
      answer: () => {
        activity.drills = activity.drills.map((drill) => moved(drill, activity.drillsEnd()));
        return items(activity.drills);
      },
    },
    {
      method: 'POST',
      path: /^\/failover\/drills$/,
      answer: ({ body }) => {
        const { endedAt: _over, ...fresh } = drillMock(`drill-${activity.drills.length + 1}`, 0, {
          serverId: text(body['serverId']),
        });
        const cameras = fresh.cameras.map(({ cameraId, standbyLevel }) => ({ cameraId, standbyLevel }));
        activity.drills.unshift({ ...fresh, cameras });
        return { status: 201, body: activity.drills[0] };
      },
    },
    { method: 'GET', path: /^\/failover\/probes$/, answer: readiness },
    {
      method: 'POST',
      path: /^\/failover\/probes$/,
      answer: () => {
        activity.checkedAt = iso(Date.now());
        activity.probes = activity.probes.map((probe) => ({ ...probe, at: iso(Date.now()) }));
        return readiness();
      },
    },
    { method: 'GET', path: /^\/failover\/plan$/, answer: () => ({ body: planMock(activity) }) },
    {
      method: 'GET',
      path: /^\/failover\/settings$/,
      answer: () => ({ body: { ...failoverSettingsSchema.parse({}), drillDays: activity.drillDays } }),
    },
  ];
}

function planMock({ servers }: MockActivity): z.infer<typeof Failover.plan> {
  const watched = servers.filter((server) => server.watched);
  return {
    servers: watched.map(({ id, name }) => ({
      serverId: id,
      name,
      cameras: MEMBER_CAMERAS.map((camera) => ({
        cameraId: camera.id,
        name: camera.name,
        priority: 'medium' as const,
        standbyLevel: 'warm' as const,
        recording: true,
        coveredBy: SPARE.id,
      })),
    })),
  };
}

function siteRoutes(activity: MockActivity): readonly RoomRoute[] {
  return [
    { method: 'GET', path: /^\/servers$/, answer: () => items(activity.servers) },
    { method: 'GET', path: /^\/site\/host$/, answer: () => ({ body: activity.siteHost }) },
    {
      method: 'POST',
      path: /^\/site\/take-host$/,
      answer: ({ body }) => {
        const { host } = activity.siteHost;
        if (host?.connected === true && body['confirm'] !== host.name)
          return problem(
            409,
            'site/host-heard',
            `${host.name} was heard a moment ago. Give its name to take the role all the same.`,
          );
        activity.siteHost = ownHost();
        return { body: activity.siteHost };
      },
    },
    { method: 'POST', path: /^\/server\/replaced\/clear$/, answer: () => ({ status: 204 }) },
  ];
}

const STEP_MS = 700;
function replacedSoFar(replacement: ReplacementView): ReplacementView {
  const age = Date.now() - Date.parse(replacement.startedAt);
  const states = ['planned', 'fenced', 'adopted', 'done'] as const;
  const state =
    replacement.problem === undefined ? (states[Math.min(3, Math.floor(age / STEP_MS))] ?? 'done') : replacement.state;
  return { ...replacement, state };
}

function replaceRoutes(activity: MockActivity): readonly RoomRoute[] {
  const identities = (by: string, name: string): Omit<ReplaceServerResult, 'replacement'> => ({
    before: { name: NAME_OF[by] ?? by, cameras: [], users: ['anna'], tokens: [] },
    after: { name, cameras: MEMBER_CAMERAS, users: ['anna', 'night-guard'], tokens: ['home automation'] },
    warnings: ['This server protects nobody any more then: Hall-NAS need another one.'],
  });
  return [
    { method: 'GET', path: /^\/replacements$/, answer: () => items(activity.replacements.map(replacedSoFar)) },
    {
      method: 'POST',
      path: /^\/servers\/([^/]+)\/replace$/,
      answer: ({ body }, [serverId = '']) => {
        const name = NAME_OF[serverId] ?? serverId;
        const by = text(body['by']);
        const shown = identities(by, name);
        if (body['dryRun'] === true) return { body: shown };
        if (body['confirm'] !== name) return problem(422, 'replace/not-confirmed', `Confirm with the name ${name}.`);
        const replacement: ReplacementView = {
          id: 'replacement-1',
          serverId,
          serverName: name,
          by,
          byName: NAME_OF[by] ?? by,
          state: 'planned',
          startedAt: iso(Date.now()),
          originalTold: false,
        };
        activity.replacements.push(replacement);
        return { body: { ...shown, replacement } };
      },
    },
  ];
}

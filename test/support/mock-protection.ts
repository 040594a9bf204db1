/**
 * A site for the pages Protection and Settings of failover, with the real plan, the real limits and tags that change: laid over the mock
 * API in a page, or behind its routes. Belongs here: what these pages ask for. Does not: what failover does (mock-activity.ts).
 */
import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { changedSettings, failoverChangeSchema } from '../../src/site/failover-settings.ts';
import type { ReturnShare } from '../../src/site/failover-settings.ts';
import type { ReportedCamera } from '../../src/site/member-report.ts';
import { changedSite, siteChangeSchema, underPolicy } from '../../src/site/site-policy.ts';
import { iso, mockVolumes } from './mock-data.ts';
import { createProtectionSite } from './mock-protection-data.ts';
import type { FailoverServer, ProtectionSite } from './mock-protection-data.ts';
import { boxOf, knownTo, nameIn, planOf, siteView, statusOf } from './mock-protection-views.ts';
import type { Call, MockState, Reply, RoomRoute } from './mock-routes.ts';
import { HOST, ownerOf, SPARE } from './mock-site.ts';

type Answer = (site: ProtectionSite, call: SiteCall, at: string) => Reply | undefined;
export type SiteCall = Pick<Call, 'method' | 'path' | 'body'> & { readonly ifMatch?: string | undefined };

const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });
const problem = (status: number, code: string, detail: string, issues?: readonly object[]): Reply => ({
  status,
  body: { type: 'about:blank', title: code, status, code, detail, ...(issues === undefined ? {} : { issues }) },
});
const tagOf = (value: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)}"`;

/** Undefined: none of its business. */
export function answerOf(site: ProtectionSite, call: SiteCall): Reply | undefined {
  if (call.method !== 'GET' && !call.path.endsWith('/simulate')) site.asked.push(`${call.method} ${call.path}`);
  const through = /^\/servers\/([^/]+)\/api(\/.*)$/.exec(call.path);
  const at = through?.[1] ?? site.own.id;
  if (through !== null && site.servers.find(({ id }) => id === at)?.state === 'offline')
    return problem(503, 'server/not-connected', `${at} is not connected since 10:02.`);
  const inner = { ...call, path: through?.[2] ?? call.path };
  for (const answer of ANSWERS) {
    const reply = answer(site, inner, at);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

const ANSWERS: readonly Answer[] = [planAnswer, siteAnswer, settingsAnswer, boxAnswer, licenceAnswer, cameraAnswer];

function planAnswer(site: ProtectionSite, { method, path, body }: SiteCall): Reply | undefined {
  if (method === 'GET' && path === '/failover/plan') return { body: planOf(site) };
  if (method === 'POST' && path === '/failover/plan/simulate')
    return { body: planOf(site, body['failed'] as string[]) };
  return undefined;
}

function siteAnswer(site: ProtectionSite, { method, path, body, ifMatch }: SiteCall): Reply | undefined {
  if (path === '/site/status') {
    const views = site.servers.map((server) => statusOf(site, server));
    return { body: { counts: { total: views.length, states: {}, modes: {} }, items: views } };
  }
  if (path !== '/site') return undefined;
  const view = (): Reply => ({ body: siteView(site), etag: tagOf(site.file) });
  if (method === 'GET') return view();
  if (!site.isHost) return problem(409, 'site/not-host', 'The policy of the site is changed at its host.');
  if (ifMatch !== undefined && ifMatch !== tagOf(site.file))
    return problem(412, 'site/changed', 'Somebody else changed the policy of the site meanwhile: read it again.');
  site.file = changedSite(site.file, siteChangeSchema.parse(body), site.own.id);
  return view();
}

function settingsAnswer(site: ProtectionSite, call: SiteCall, at: string): Reply | undefined {
  const { method, path } = call;
  const id = path === '/failover/settings' ? at : /^\/servers\/([^/]+)\/failover-settings$/.exec(path)?.[1];
  if (id === undefined) return undefined;
  const own = site.settings.get(id);
  if (own === undefined) return problem(404, 'server/unknown', `No server with the id ${id} is known here.`);
  if (method === 'PATCH') return changeSettings(site, call, id);
  const under = underPolicy(own, site.file.policy);
  return { body: under, etag: tagOf(under) };
}

function changeSettings(site: ProtectionSite, { body, ifMatch }: SiteCall, id: string): Reply {
  const before = site.settings.get(id);
  const parsed = failoverChangeSchema.safeParse(body);
  if (!parsed.success || before === undefined) {
    const issues = parsed.error?.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    return problem(422, 'http/invalid', `${issues?.[0]?.path ?? ''}: ${issues?.[0]?.message ?? ''}`, issues);
  }
  const { policy } = site.file;
  if (ifMatch !== undefined && ifMatch !== tagOf(underPolicy(before, policy)))
    return problem(412, 'settings/changed', 'Somebody else changed these settings meanwhile: read them again.');
  const after = changedSettings(before, parsed.data);
  site.settings.set(id, after);
  return { body: underPolicy(after, policy), etag: tagOf(underPolicy(after, policy)) };
}

function boxAnswer(site: ProtectionSite, { method, path, body }: SiteCall, at: string): Reply | undefined {
  const server = site.servers.find(({ id }) => id === at);
  if (server === undefined) return undefined;
  const key = `${method} ${path}`;
  if (key === 'GET /server') return { body: boxOf(server) };
  if (key === 'GET /servers') return items(knownTo(site, server));
  if (key === 'GET /volumes') return items(mockVolumes(Date.now()));
  if (key === 'GET /failover/return-share') return { body: { share: site.shares.get(at) } };
  if (key === 'PUT /failover/return-share') {
    const share = body['share'] as (ReturnShare & { password?: string }) | undefined;
    if (share === undefined) site.shares.delete(at);
    else site.shares.set(at, { ...share, hasPassword: share.password !== undefined });
    return { status: 204 };
  }
  const backup = /^POST \/servers\/([^/]+)\/backup$/.exec(key)?.[1];
  return backup === undefined ? undefined : backUp(site, server, backup);
}

/** A server with this word in its name cannot be backed up. */
export const NO_BACKUP = 'Mute';
function backUp(site: ProtectionSite, server: FailoverServer, protectedId: string): Reply {
  const name = nameIn(site, protectedId);
  if (name.includes(NO_BACKUP))
    return problem(503, 'peer/not-connected', `${name} is not connected; its settings cannot be fetched.`);
  site.backedUp.set(protectedId, iso(Date.now()));
  return { body: knownTo(site, server).find(({ id }) => id === protectedId) };
}

function licenceAnswer(site: ProtectionSite, { method, path, body }: SiteCall): Reply | undefined {
  if (!path.startsWith('/licences')) return undefined;
  if (method === 'GET') return { body: site.licences };
  const { items: before } = site.licences;
  if (method === 'DELETE') {
    site.licences = { ...site.licences, items: before.filter(({ id }) => !path.endsWith(id)) };
    return { status: 204 };
  }
  const text = String(body['licence']);
  if (!text.startsWith('licence '))
    return problem(
      422,
      'licence/signature',
      'This licence was changed after it was signed, or damaged on its way. Ask its issuer for it again. Nothing was changed.',
    );
  const made = {
    id: text.slice(8),
    holder: 'Bakery Müller',
    seats: { coveredCameras: 90 },
    state: 'in-force',
    keyId: '06e3fd8fda29bb60',
  } as const;
  site.licences = { ...site.licences, items: [...before, made] };
  return { status: 201, body: made };
}

function cameraAnswer(site: ProtectionSite, { method, path, body }: SiteCall, at: string): Reply | undefined {
  if (path !== '/cameras' || method !== 'PATCH') return undefined;
  const ids = new Set(body['ids'] as string[]);
  const change = body['change'] as Partial<ReportedCamera>;
  site.servers = site.servers.map((server) =>
    server.id === at && server.cameras !== undefined
      ? { ...server, cameras: server.cameras.map((one) => (ids.has(one.id) ? { ...one, ...change } : one)) }
      : server,
  );
  return items([]);
}

/** Over whatever API this page talks to. */
export async function overlay(page: Page, site: ProtectionSite): Promise<void> {
  await page.route(/\/api\/v1\//, async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    const body = (request.postDataJSON() ?? {}) as Record<string, unknown>;
    const ifMatch = request.headers()['if-match'];
    const reply = answerOf(site, { method: request.method(), path: pathname.slice('/api/v1'.length), body, ifMatch });
    if (reply === undefined) return route.fallback();
    const { status = 200, body: answer, etag } = reply;
    return route.fulfill({
      status,
      headers: {
        'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
        ...(etag === undefined ? {} : { etag }),
      },
      body: answer === undefined ? '' : JSON.stringify(answer),
    });
  });
}

/** Behind the routes of the mock API, for its own site: what no other room answers. */
export function protectionMocks(state: MockState): readonly RoomRoute[] {
  const cameras = (serverId: string): readonly ReportedCamera[] =>
    state.cameras
      .filter(({ id }) => ownerOf(state.site, id).id === serverId)
      .map(({ id, name, priority, standbyLevel, enabled, record }) => ({
        id,
        name,
        priority,
        standbyLevel,
        recording: enabled && record,
      }));
  const servers = state.site.servers.map(({ id, name }): FailoverServer => {
    const mode = id === HOST.id ? state.mode : id === SPARE.id ? 'failover' : 'recording';
    return { id, name, mode, ...(mode === 'failover' ? {} : { cameras: cameras(id) }) };
  });
  const site = createProtectionSite({ servers });
  const paths =
    /^\/(failover\/(plan|plan\/simulate|settings|return-share)|site|licences(\/.*)?|servers\/[^/]+\/failover-settings)$/;
  return ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].map((method) => ({
    method,
    path: paths,
    answer: (call) => answerOf(site, call) ?? problem(404, 'not-found', `There is nothing at ${call.path}.`),
  }));
}

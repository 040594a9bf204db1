/** `/failover`: settings, plan, takeovers, restorations, probes, drills; `/incidents` in incidents.ts. */
import { z } from 'zod';
import { signedIn } from '../caller.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import {
  createDrillRequest,
  createTakeoverRequest,
  drill,
  failoverSettings,
  plan,
  probe,
  restoration,
  returnShare,
  serverCheck,
  setReturnShareRequest,
  simulatePlanRequest,
  stopRestorationRequest,
  takeover,
  takeoverQuery,
  updateFailoverSettingsRequest,
} from '../contract/failover.ts';
import { checkTag, etagOf, jsonUnlessKnown } from '../etag.ts';
import { pageOfItems } from '../page.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { incidentRoutes } from './incidents.ts';
import type { IncidentDeps } from './incidents.ts';

type Takeover = z.infer<typeof takeover>;
type Restoration = z.infer<typeof restoration>;
type Drill = z.infer<typeof drill>;
/** All throw UnderstudyErrors with a message for the person. */
export type FailoverDeps = IncidentDeps & {
  readonly settings: () => z.infer<typeof failoverSettings>;
  readonly changeSettings: (
    change: z.output<typeof updateFailoverSettingsRequest>,
    user: string,
    /** Called with what is there at the moment of the change; throws if that is not what the caller knew. */
    check?: (now: z.infer<typeof failoverSettings>) => void,
  ) => Promise<z.infer<typeof failoverSettings>>;
  readonly share: () => z.infer<typeof returnShare> | undefined;
  readonly setShare: (share: z.output<typeof setReturnShareRequest> | undefined, user: string) => Promise<void>;
  readonly plan: (failed?: readonly string[]) => z.infer<typeof plan>;
  readonly takeovers: () => readonly Takeover[];
  readonly takeOver: (serverId: string, user: string) => Takeover;
  readonly restore: (id: string, user: string) => Takeover;
  readonly restorations: () => readonly Restoration[];
  readonly stopRestoration: (id: string, confirm: string, user: string) => Promise<Restoration>;
  readonly probes: () => readonly z.infer<typeof probe>[];
  readonly serverChecks: () => readonly z.infer<typeof serverCheck>[];
  readonly runProbes: (serverId: string) => Promise<void>;
  readonly drills: () => readonly Drill[];
  readonly startDrill: (serverId: string, user: string) => Drill;
};

const CHANGED = {
  code: 'settings/changed',
  message: 'Somebody else changed these settings meanwhile: read them again, then repeat the change.',
};
const byId = z.object({ id: z.string().max(64) });

export function failoverRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    ...settingsRoutes(deps),
    ...planRoutes(deps),
    ...takeoverRoutes(deps),
    ...restorationRoutes(deps),
    ...rehearsalRoutes(deps),
    ...incidentRoutes(deps),
  ];
}

function settingsRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/failover/settings',
        summary: 'How this server watches, covers and gives back, with an ETag',
        access: 'operator',
        response: { json: failoverSettings },
      },
      () => json(deps.settings(), { etag: etagOf(deps.settings()) }),
    ),
    route(
      {
        method: 'PATCH',
        path: '/failover/settings',
        summary: 'Changes what is given; with If-Match only if nobody else changed it meanwhile',
        access: 'admin',
        body: updateFailoverSettingsRequest,
        response: { json: failoverSettings },
        problems: {
          409: 'failover/site-policy',
          412: 'settings/changed',
          422: 'failover/directory, failover/volume',
        },
      },
      async ({ body, caller, header }) => {
        const check = (now: object): void => checkTag(header('if-match'), etagOf(now), CHANGED);
        const after = await deps.changeSettings(body, signedIn(caller).name, check);
        return json(after, { etag: etagOf(after) });
      },
    ),
    ...shareRoutes(deps),
  ];
}

function shareRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/failover/return-share',
        summary: 'The SMB share to which footage of this server is returned, if there is one',
        access: 'admin',
        response: { json: z.object({ share: returnShare.optional() }) },
      },
      () => {
        const share = deps.share();
        return json(share === undefined ? {} : { share });
      },
    ),
    route(
      {
        method: 'PUT',
        path: '/failover/return-share',
        summary: 'Names the SMB share; without `share` returned footage comes directly again',
        access: 'admin',
        body: z.strictObject({ share: setReturnShareRequest.optional() }),
        response: { status: 204 },
        problems: { 422: 'failover/volume' },
      },
      async ({ body, caller }) => {
        await deps.setShare(body.share, signedIn(caller).name);
        return empty();
      },
    ),
  ];
}

function planRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/failover/plan',
        summary: 'Who would cover which camera now, and what would not be covered and why, with an ETag',
        access: 'operator',
        response: { json: plan },
      },
      ({ header }) => jsonUnlessKnown(deps.plan(), header('if-none-match')),
    ),
    route(
      {
        method: 'POST',
        path: '/failover/plan/simulate',
        summary: 'What if these servers fail now',
        access: 'operator',
        whenLocked: 'open',
        body: simulatePlanRequest,
        response: { json: plan },
      },
      ({ body }) => json(deps.plan(body.failed)),
    ),
  ];
}

function takeoverRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/failover/takeovers',
        summary: 'Covers and takeovers, the newest first',
        access: 'operator',
        query: takeoverQuery,
        response: { json: pageOf(takeover) },
      },
      ({ query }) => {
        const isAsked = ({ state }: Takeover): boolean =>
          query.state === undefined || (state === 'ended') === (query.state === 'ended');
        return json(pageOfItems(deps.takeovers().filter(isAsked), query));
      },
    ),
    route(
      {
        method: 'POST',
        path: '/failover/takeovers',
        summary: 'Takes a protected server over by hand, whatever its state',
        access: 'admin',
        // What keeps cameras recorded is no change of settings.
        whenLocked: 'open',
        body: createTakeoverRequest,
        response: { status: 201, json: takeover },
        problems: { 404: 'server/unknown' },
      },
      ({ body, caller }) => ({ kind: 'json', status: 201, body: deps.takeOver(body.serverId, signedIn(caller).name) }),
    ),
    route(
      {
        method: 'POST',
        path: '/failover/takeovers/:id/restore',
        summary: 'Gives the cameras back to the protected server',
        access: 'admin',
        whenLocked: 'open',
        params: byId,
        response: { json: takeover },
        problems: { 404: 'takeover/unknown', 409: 'takeover/not-back' },
      },
      ({ params, caller }) => json(deps.restore(params.id, signedIn(caller).name)),
    ),
  ];
}

function restorationRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/failover/restorations',
        summary: 'Footage on its way back, with progress',
        access: 'operator',
        query: pageQuery,
        response: { json: pageOf(restoration) },
      },
      ({ query }) => json(pageOfItems(deps.restorations(), query)),
    ),
    route(
      {
        method: 'POST',
        path: '/failover/restorations/:id/stop',
        summary: 'Ends a restoration and deletes what was not returned; the name of the protected server confirms it',
        access: 'owner',
        params: byId,
        body: stopRestorationRequest,
        response: { json: restoration },
        problems: { 404: 'restoration/unknown', 422: 'restoration/not-confirmed' },
      },
      async ({ params, body, caller }) =>
        json(await deps.stopRestoration(params.id, body.confirm, signedIn(caller).name)),
    ),
  ];
}

const probes = z.object({ items: z.array(probe), servers: z.array(serverCheck) });

function rehearsalRoutes(deps: FailoverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/failover/probes',
        summary: 'The last readiness probe of every protected camera, the last checks of every protected server',
        access: 'operator',
        response: { json: probes },
      },
      () => json({ items: [...deps.probes()], servers: [...deps.serverChecks()] }),
    ),
    route(
      {
        method: 'POST',
        path: '/failover/probes',
        summary: 'Probes the cameras of a protected server now, and checks it',
        access: 'admin',
        body: createDrillRequest,
        response: { json: probes },
      },
      async ({ body }) => {
        await deps.runProbes(body.serverId);
        const isAsked = ({ serverId }: { readonly serverId: string }): boolean => serverId === body.serverId;
        return json({ items: deps.probes().filter(isAsked), servers: deps.serverChecks().filter(isAsked) });
      },
    ),
    route(
      {
        method: 'GET',
        path: '/failover/drills',
        summary: 'Drills, the newest first',
        access: 'operator',
        query: pageQuery,
        response: { json: pageOf(drill) },
      },
      ({ query }) => json(pageOfItems(deps.drills(), query)),
    ),
    route(
      {
        method: 'POST',
        path: '/failover/drills',
        summary: 'Rehearses a takeover without touching the protected server',
        access: 'admin',
        body: createDrillRequest,
        response: { status: 201, json: drill },
        problems: { 404: 'server/unknown' },
      },
      ({ body, caller }) => ({
        kind: 'json',
        status: 201,
        body: deps.startDrill(body.serverId, signedIn(caller).name),
      }),
    ),
  ];
}

/** `/updates`: signed releases, kept here, installed here, and handed on to the servers of a site. */
import { z } from 'zod';
import { signedIn } from '../caller.ts';
import type { SignedIn } from '../caller.ts';
import {
  fetchReleaseRequest,
  installRequest,
  MAX_PART_REQUEST,
  releaseVersion,
  updates,
  updateServersRequest,
  uploadRequest,
  uploadResult,
} from '../contract/updates.ts';
import type { Updates, UploadRequest, UploadResult } from '../contract/updates.ts';
import { empty, json, route } from '../route.ts';
import type { Reply, Route } from '../route.ts';

export type UpdateDeps = {
  readonly view: () => Updates;
  /** @throws updates/part, updates/too-many, and what is wrong with a release once all of it is there */
  readonly upload: (part: UploadRequest, user: string) => Promise<UploadResult>;
  /** @throws updates/unknown, updates/in-use */
  readonly remove: (version: string, user: string) => Promise<void>;
  /** Reads the list of the place that releases are fetched from. @throws updates/no-source, updates/source */
  readonly lookOnline: () => Promise<void>;
  /** Begins to fetch one of that list. @throws updates/no-source, updates/unknown, updates/busy */
  readonly fetchOnline: (version: string, user: string) => void;
  readonly breakOffFetch: (user: string) => void;
  /** Answers once it is decided that it begins. @throws updates/unknown, updates/older, updates/unable, updates/busy, failover/covering */
  readonly install: (version: string, user: string) => Promise<void>;
  /** @throws updates/unknown, updates/busy, updates/no-host, server/unknown */
  readonly updateServers: (asked: z.output<typeof updateServersRequest>, caller: SignedIn) => Promise<void>;
  /** What waits is not begun any more. */
  readonly breakOff: (user: string) => void;
};

const begun = (body: Updates): Reply<Updates> => ({ kind: 'json', status: 202, body });

export function updateRoutes(deps: UpdateDeps): readonly Route[] {
  return [...keepingRoutes(deps), ...onlineRoutes(deps), ...installingRoutes(deps)];
}

function keepingRoutes(deps: UpdateDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/updates',
        summary: 'What runs, the releases that are kept here, and how updates go',
        access: 'admin',
        response: { json: updates },
      },
      () => json(deps.view()),
    ),
    route(
      {
        method: 'PUT',
        path: '/updates/upload',
        summary: 'One part of a release file, the next behind what came before; the last one has it checked and kept',
        access: 'owner',
        body: uploadRequest,
        maxBodyBytes: MAX_PART_REQUEST,
        response: { json: uploadResult },
        problems: {
          409: 'updates/part, updates/too-many',
          422: 'updates/format, updates/signature, updates/key, updates/damaged',
        },
      },
      async ({ body, caller }) => json(await deps.upload(body, signedIn(caller).name)),
    ),
    route(
      {
        method: 'DELETE',
        path: '/updates/releases/:version',
        summary: 'Keeps a release no more; the one that runs stays',
        access: 'owner',
        params: z.object({ version: releaseVersion }),
        response: { status: 204 },
        problems: { 404: 'updates/unknown', 409: 'updates/in-use' },
      },
      async ({ params, caller }) => {
        await deps.remove(params.version, signedIn(caller).name);
        return empty();
      },
    ),
  ];
}

function onlineRoutes(deps: UpdateDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/updates/online',
        summary: 'Reads which releases the place of the setting releaseSource has',
        access: 'owner',
        response: { json: updates },
        problems: { 409: 'updates/no-source', 502: 'updates/source', 503: 'updates/source' },
      },
      async () => {
        await deps.lookOnline();
        return json(deps.view());
      },
    ),
    route(
      {
        method: 'POST',
        path: '/updates/online/fetch',
        summary: 'Begins to fetch a release of that list; it is checked and kept like one that is sent',
        access: 'owner',
        body: fetchReleaseRequest,
        response: { status: 202, json: updates },
        problems: { 404: 'updates/unknown', 409: 'updates/no-source, updates/busy' },
      },
      ({ body, caller }) => {
        deps.fetchOnline(body.version, signedIn(caller).name);
        return begun(deps.view());
      },
    ),
    route(
      {
        method: 'DELETE',
        path: '/updates/online/fetch',
        summary: 'Ends fetching; what has come is thrown away',
        access: 'owner',
        response: { status: 204 },
      },
      ({ caller }) => {
        deps.breakOffFetch(signedIn(caller).name);
        return empty();
      },
    ),
  ];
}

function installingRoutes(deps: UpdateDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/updates/install',
        summary: 'Installs a kept release that is newer, and restarts; the one before comes back if it does not work',
        access: 'owner',
        body: installRequest,
        response: { status: 202, json: updates },
        problems: {
          404: 'updates/unknown',
          409: 'updates/older, updates/busy, failover/covering',
          501: 'updates/unable',
        },
      },
      async ({ body, caller }) => {
        await deps.install(body.version, signedIn(caller).name);
        return begun(deps.view());
      },
    ),
    route(
      {
        method: 'POST',
        path: '/updates/servers',
        summary: 'The host hands a release to its servers and has them install it, one after another',
        access: 'owner',
        body: updateServersRequest,
        response: { status: 202, json: updates },
        problems: { 404: 'updates/unknown, server/unknown', 409: 'updates/busy, updates/no-host' },
      },
      async ({ body, caller }) => {
        await deps.updateServers(body, signedIn(caller));
        return begun(deps.view());
      },
    ),
    route(
      {
        method: 'DELETE',
        path: '/updates/servers',
        summary: 'Servers that wait for their update get none; the one that is under way goes on',
        access: 'owner',
        response: { status: 204 },
      },
      ({ caller }) => {
        deps.breakOff(signedIn(caller).name);
        return empty();
      },
    ),
  ];
}

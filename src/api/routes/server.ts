/** `/server`: this box. */
import type { z } from 'zod';
import { isoOf } from '../../core/clock.ts';
import { epochMs } from '../../core/units.ts';
import type { Settings } from '../../settings/settings.ts';
import type { ServerSettings } from '../../site/server-settings.ts';
import type { ActivityLog } from '../activity.ts';
import { signedIn } from '../caller.ts';
import type { Caller } from '../caller.ts';
import {
  server,
  serverOptions,
  setModeRequest,
  updateServerOptionsRequest,
  updateServerRequest,
} from '../contract/server.ts';
import type { Server } from '../contract/server.ts';
import { checkTag, etagOf } from '../etag.ts';
import { json, route } from '../route.ts';
import type { Reply, Route } from '../route.ts';

/** Everything that is not in the settings; health items of cameras that the caller may not see are left out by `cameraIds`. */
export type ServerStatus = Omit<Server, 'id' | 'name' | 'mode' | 'managed' | 'replacedBy'>;
export type ServerDeps = {
  readonly settings: Pick<Settings, 'server'>;
  readonly status: () => ServerStatus;
  /** Of the web interface, PEM: what its visitors are shown anyway. */
  readonly certificate: string;
  readonly activity: Pick<ActivityLog, 'record'>;
  /** @throws server/managed while a host manages it */
  readonly beforeUnmanaged: () => void;
  /** @throws failover/covering, server/records when something would be lost and `confirm` is not the name of this server */
  readonly beforeModeChange: (mode: Server['mode'], confirm: string | undefined) => void;
};

export function serverRoutes(deps: ServerDeps): readonly Route[] {
  return [
    readServer(deps),
    readCertificate(deps),
    renameServer(deps),
    setMode(deps),
    readOptions(deps),
    changeOptions(deps),
  ];
}

/** What browsers and systems take for a certificate to look at. */
const CERTIFICATE = 'application/x-x509-ca-cert';

function serverOf({ settings, status }: ServerDeps, caller: Caller): Server {
  const { id, name, mode, managed = 'allowed', replacedBy: by } = settings.server.get();
  const now = status();
  const cameraIds = caller.kind === 'anonymous' ? [] : caller.cameraIds;
  const items = now.health.items.filter(
    ({ cameraId }) => cameraId === undefined || cameraIds === undefined || cameraIds.includes(cameraId),
  );
  const replacedBy = by === undefined ? {} : { replacedBy: { ...by, at: isoOf(epochMs(by.at)) } };
  return { id, name, mode, managed, ...replacedBy, ...now, health: { ...now.health, items } };
}

function readServer(deps: ServerDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/server',
      summary: 'This box: identity, mode, health, processes',
      access: 'viewer',
      response: { json: server },
    },
    ({ caller }) => json(serverOf(deps, caller)),
  );
}

function readCertificate({ certificate }: ServerDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/server/certificate',
      summary: 'The certificate of the web interface, PEM, to be trusted by browsers',
      access: 'viewer',
      response: { mediaType: CERTIFICATE },
    },
    () => ({
      kind: 'bytes',
      body: certificate,
      mediaType: CERTIFICATE,
      headers: { 'content-disposition': 'attachment; filename="understudy.crt"' },
    }),
  );
}

function renameServer(deps: ServerDeps): Route {
  return route(
    {
      method: 'PATCH',
      path: '/server',
      summary: 'Renames this box',
      access: 'admin',
      body: updateServerRequest,
      response: { json: server },
    },
    async ({ body, caller }) => {
      await deps.settings.server.update((before) => ({ ...before, name: body.name }));
      const message = `This server is now called ${body.name}.`;
      deps.activity.record({ severity: 'info', code: 'server-renamed', message, user: signedIn(caller).name });
      return json(serverOf(deps, caller));
    },
  );
}

function setMode(deps: ServerDeps): Route {
  return route(
    {
      method: 'PUT',
      path: '/server/mode',
      summary: 'Sets the CMS mode; refused while this server covers another one, unless its name confirms it',
      access: 'owner',
      body: setModeRequest,
      response: { json: server },
      problems: { 409: 'failover/covering' },
    },
    async ({ body, caller }) => {
      const before = deps.settings.server.get();
      if (before.mode === body.mode) return json(serverOf(deps, caller));
      deps.beforeModeChange(body.mode, body.confirm);
      await deps.settings.server.update((settings) => ({ ...settings, mode: body.mode }));
      const message = `The mode of this server was changed from ${before.mode} to ${body.mode}.`;
      deps.activity.record({ severity: 'warning', code: 'mode-changed', message, user: signedIn(caller).name });
      return json(serverOf(deps, caller));
    },
  );
}

const optionsOf = ({
  allowedHosts,
  allowLoopbackCameras,
  openMetrics,
  managed = 'allowed',
  releaseSource,
}: ServerSettings): z.infer<typeof serverOptions> => ({
  allowedHosts,
  allowLoopbackCameras,
  openMetrics,
  managed,
  ...(releaseSource === undefined ? {} : { releaseSource }),
});

/** What is absent stays, `null` takes it away. */
function withOptions(before: ServerSettings, change: z.output<typeof updateServerOptionsRequest>): ServerSettings {
  const { managed = before.managed, releaseSource = before.releaseSource } = change;
  const { managed: _managed, releaseSource: _source, ...rest } = before;
  return {
    ...rest,
    allowedHosts: change.allowedHosts ?? before.allowedHosts,
    allowLoopbackCameras: change.allowLoopbackCameras ?? before.allowLoopbackCameras,
    openMetrics: change.openMetrics ?? before.openMetrics,
    ...(managed === undefined ? {} : { managed }),
    ...(releaseSource === undefined || releaseSource === null ? {} : { releaseSource }),
  };
}

const CHANGED = {
  code: 'settings/changed',
  message: 'Somebody else changed these settings meanwhile: read them again, then repeat the change.',
};
function tagged(settings: ServerSettings): Reply<z.infer<typeof serverOptions>> {
  const options = optionsOf(settings);
  return json(options, { etag: etagOf(options) });
}

function readOptions({ settings }: ServerDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/server/settings',
      summary: 'What the owner allows, with an ETag',
      access: 'admin',
      response: { json: serverOptions },
    },
    () => tagged(settings.server.get()),
  );
}

function changeOptions({ settings, activity, beforeUnmanaged }: ServerDeps): Route {
  return route(
    {
      method: 'PATCH',
      path: '/server/settings',
      summary: 'Changes what the owner allows; with If-Match only if nobody else changed it meanwhile',
      access: 'owner',
      body: updateServerOptionsRequest,
      response: { json: serverOptions },
      problems: { 409: 'server/managed', 412: 'settings/changed' },
    },
    async ({ body, caller, header }) => {
      const check = (now: ServerSettings): void => checkTag(header('if-match'), etagOf(optionsOf(now)), CHANGED);
      check(settings.server.get()); // before anything else is asked or done
      if (body.managed === 'off') beforeUnmanaged();
      const after = await settings.server.update((before) => {
        check(before);
        return withOptions(before, body);
      });
      const message = 'The settings of this server were changed.';
      activity.record({ severity: 'warning', code: 'server-settings-changed', message, user: signedIn(caller).name });
      return tagged(after);
    },
  );
}

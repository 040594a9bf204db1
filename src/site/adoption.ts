/**
 * Which settings a server has that takes the place of another one: of the other one everything that makes it what it is for people
 * and cameras; of its own what belongs to the box. Pure.
 *
 * Belongs here: that choice, and the hash by which both sides know that it came about. Does not: when (replacement.ts), writing it.
 */
import { createHash } from 'node:crypto';
import type { TokenRecord, UserRecord } from './account.ts';
import { cameraSecretName } from './camera-credentials.ts';
import type { CameraSettings } from './camera.ts';
import { MAX_ALLOWED_HOSTS } from './server-settings.ts';
import type { ServerSettings } from './server-settings.ts';
import { canonicalJson } from './settings-backup.ts';
import type { BackedUpSettings } from './settings-backup.ts';

/** Id, volumes, keys, the share for returned footage and the host of the successor stay its own. */
export type Adopted = {
  readonly server: ServerSettings;
  readonly cameras: readonly CameraSettings[];
  readonly users: readonly UserRecord[];
  readonly tokens: readonly TokenRecord[];
  /** Of its cameras only. */
  readonly secrets: Readonly<Record<string, string>>;
};

type Identity = Pick<BackedUpSettings, 'server' | 'cameras' | 'users' | 'tokens' | 'secrets'>;

/** `epoch`: at least this one; going through it again changes nothing. */
export function adoptedSettings(own: ServerSettings, original: Identity, epoch: number): Adopted {
  const { name, allowLoopbackCameras, openMetrics, allowedHosts } = original.server;
  const hosts = [...new Set([...own.allowedHosts, ...allowedHosts])].slice(0, MAX_ALLOWED_HOSTS);
  const server: ServerSettings = {
    ...own,
    name,
    mode: 'recording',
    allowLoopbackCameras,
    openMetrics,
    allowedHosts: hosts,
    epoch: Math.max(own.epoch, epoch),
  };
  const { cameras, users, tokens } = original;
  return { server, cameras, users, tokens, secrets: secretsOf(original) };
}

/** SHA-256 over all that must be the same at the successor. When tokens were used changes by itself. */
export function adoptionHash(settings: Identity): string {
  const { name, allowLoopbackCameras, openMetrics } = settings.server;
  const { cameras, users } = settings;
  const tokens = settings.tokens.map(({ lastUsedAt: _lastUsedAt, ...token }) => token);
  const identity = { name, allowLoopbackCameras, openMetrics, cameras, users, tokens, secrets: secretsOf(settings) };
  return createHash('sha256').update(canonicalJson(identity)).digest('hex');
}

function secretsOf({ cameras, secrets }: Pick<Identity, 'cameras' | 'secrets'>): Readonly<Record<string, string>> {
  const names = new Set(cameras.map(({ id }) => cameraSecretName(id)));
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => names.has(name)));
}

/** What is shown before it is confirmed: no secrets. */
export type IdentityView = {
  readonly name: string;
  readonly cameras: { readonly id: string; readonly name: string }[];
  readonly users: string[];
  readonly tokens: string[];
};
export const identityView = ({ server, cameras, users, tokens }: Omit<Identity, 'secrets'>): IdentityView => ({
  name: server.name,
  cameras: cameras.map(({ id, name }) => ({ id, name })),
  users: users.map(({ username }) => username),
  tokens: tokens.map(({ name }) => name),
});

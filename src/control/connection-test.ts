/**
 * Test Connection (product A4): what is at an address and whether it can be added, as one check a question. Nothing is changed there
 * or here, and no credential is sent to a certificate that nobody confirmed.
 *
 * Belongs here: asking, in an order in which each answer is worth having. Does not: what the answers mean (connection-checks.ts).
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { ConnectionCheck, TestServerResult, testServerRequest } from '../api/contract/adding.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { nameSchema } from '../site/camera.ts';
import { signOut } from './authorization.ts';
import type { RemoteApi, RemotePlace } from './authorization.ts';
import { failed, judgeServer, judgeVersion, passed, remoteServerAnswer } from './connection-checks.ts';
import type { OwnSide } from './connection-checks.ts';

export type ConnectionTestDeps = {
  /** Addresses of a name. */
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  /** SHA-256 of the certificate at an address. */
  readonly fetchFingerprint: (host: string, port: number) => Promise<string>;
  readonly remoteApi: (place: RemotePlace) => RemoteApi;
  /** Who says on the LAN that this certificate is theirs. */
  readonly hintOf: (fingerprint: string) => Promise<{ readonly name: string } | undefined>;
  readonly own: () => OwnSide;
  readonly clock: Pick<Clock, 'now'>;
};
type Request = z.output<typeof testServerRequest>;
type Account = { readonly username: string; readonly password: string };

const setupAnswer = z.looseObject({ needed: z.boolean(), serverName: nameSchema, version: z.string().max(64) });
const sessionAnswer = z.looseObject({ user: z.looseObject({ role: z.string() }) });
/** Never throws for what the other side does. */
export async function testConnection(deps: ConnectionTestDeps, request: Request): Promise<TestServerResult> {
  const checks: ConnectionCheck[] = [];
  const resolved = await checkName(deps, request.host);
  checks.push(resolved);
  if (!resolved.ok) return { checks };
  const seen = await checkPort(deps, request);
  checks.push(...seen.checks);
  if (seen.httpsFingerprint === undefined) return { checks };
  const { httpsFingerprint } = seen;
  if (checks.some(({ ok }) => !ok)) return { checks, httpsFingerprint };
  const { host, httpPort: port } = request;
  const api = deps.remoteApi({ host, port, fingerprint: httpsFingerprint });
  const service = await checkService(deps, api, host);
  checks.push(...service.checks);
  const account = accountOf(request);
  if (account === undefined || !service.canSignIn) return { checks, httpsFingerprint };
  const { server, checks: signedIn } = await checkAccount(deps, api, { host, account });
  await signOut(api);
  return { checks: [...checks, ...signedIn], httpsFingerprint, ...(server === undefined ? {} : { server }) };
}

const accountOf = ({ username, password }: Request): Account | undefined =>
  username === undefined || password === undefined ? undefined : { username, password };

async function checkName({ lookUp }: ConnectionTestDeps, host: string): Promise<ConnectionCheck> {
  if (isIP(host.replaceAll(/^\[|\]$/g, '')) !== 0) return passed('resolve', `${host} is an address.`);
  try {
    const addresses = await lookUp(host);
    return passed('resolve', `${host} is ${addresses.join(', ')}.`);
  } catch {
    return failed(
      'resolve',
      'server/no-name',
      `No address is known for the name ${host}: check it, or give the address.`,
    );
  }
}

type Seen = { readonly checks: readonly ConnectionCheck[]; readonly httpsFingerprint?: string };
async function checkPort(deps: ConnectionTestDeps, { host, httpPort, httpsFingerprint }: Request): Promise<Seen> {
  let shown: string;
  try {
    shown = await deps.fetchFingerprint(host, httpPort);
  } catch (error) {
    return { checks: [failed('port', 'server/no-answer', messageOf(error))] };
  }
  const port = passed('port', `${host} port ${httpPort} answers by HTTPS.`);
  const hint = await deps.hintOf(shown);
  const lan = hint === undefined ? [] : [passed('lan', `${hint.name} says so of itself on the LAN.`)];
  return { checks: [port, certificateCheck(shown, httpsFingerprint), ...lan], httpsFingerprint: shown };
}

function certificateCheck(shown: string, expected: string | undefined): ConnectionCheck {
  if (expected === undefined)
    return passed('certificate', `It shows ${shown}: compare it with what that server shows under Settings.`);
  if (expected === shown) return passed('certificate', 'It shows the certificate that was confirmed.');
  const message = `It shows ${shown}, not the certificate that was confirmed: it was reinstalled, or it is not that server. Nothing was sent.`;
  return failed('certificate', 'server/fingerprint', message);
}

type Service = { readonly checks: readonly ConnectionCheck[]; readonly canSignIn: boolean };
/** What it says to everybody. */
async function checkService(deps: ConnectionTestDeps, api: RemoteApi, host: string): Promise<Service> {
  const stop = (code: string, message: string): Service => ({
    checks: [failed('service', code, message)],
    canSignIn: false,
  });
  let answer: unknown;
  try {
    answer = await api.call('GET', '/setup');
  } catch (error) {
    return stop('server/not-one', `${host} does not answer as an Understudy server: ${messageOf(error)}`);
  }
  const { data } = setupAnswer.safeParse(answer);
  if (data === undefined) return stop('server/not-one', `${host} does not answer as an Understudy server.`);
  const { needed, serverName, version } = data;
  if (needed)
    return stop(
      'server/not-set-up',
      `${serverName} has no owner yet: open https://${host} in a browser and set it up.`,
    );
  const service = passed('service', `It is ${serverName}, an Understudy server.`);
  return { checks: [service, judgeVersion(serverName, version, deps.own())], canSignIn: true };
}

type SignedIn = Pick<TestServerResult, 'server' | 'checks'>;
type Asked = { readonly host: string; readonly account: Account };
async function checkAccount(deps: ConnectionTestDeps, api: RemoteApi, { host, account }: Asked): Promise<SignedIn> {
  let role: string;
  try {
    ({ role } = sessionAnswer.parse(await api.call('POST', '/sessions', account)).user);
  } catch (error) {
    return { checks: [wrongAccount(error, host)] };
  }
  const checks = [
    passed('credentials', `${account.username} is known there with this password.`),
    roleCheck(role, account, deps.own()),
  ];
  const asked = deps.clock.now();
  const answer = remoteServerAnswer.safeParse(await api.call('GET', '/server').catch(() => undefined));
  if (!answer.success) {
    const [issue] = answer.error.issues;
    const why = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
    const message = `${host} does not answer as an Understudy server: ${why}.`;
    return { checks: [...checks, failed('mode', 'server/not-one', message)] };
  }
  const { id, name, mode, version, platform } = answer.data;
  const model = platform?.model;
  // It read its clock about in the middle.
  const at = (asked + deps.clock.now()) / 2;
  return {
    checks: [...checks, ...judgeServer(answer.data, deps.own(), at)],
    server: { id, name, mode, version, ...(model === undefined ? {} : { model }) },
  };
}

function wrongAccount(error: unknown, host: string): ConnectionCheck {
  const status = error instanceof UnderstudyError ? error.context['status'] : undefined;
  if (status === 401)
    return failed('credentials', 'server/credentials', `${host} knows no such user with this password.`);
  if (status === 429)
    return failed('credentials', 'server/attempts', `${host} hears no more tries for now: ${messageOf(error)}`);
  return failed('credentials', 'server/no-answer', `${host} did not answer the sign-in: ${messageOf(error)}`);
}

/** A host becomes the manager of the whole server: that is for its owner to give. */
function roleCheck(role: string, { username }: Account, own: OwnSide): ConnectionCheck {
  if (role === 'owner') return passed('role', `${username} is its owner.`);
  if (own.mode === 'host') {
    const message = `${username} is ${role === 'admin' ? 'an' : 'a mere'} ${role} there: a host is let in by the account of its owner.`;
    return failed('role', 'server/not-owner', message);
  }
  if (role === 'admin') return passed('role', `${username} is one of its administrators.`);
  const message = `${username} is a mere ${role} there: the account must be an administrator's.`;
  return failed('role', 'server/not-admin', message);
}
